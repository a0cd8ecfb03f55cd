package collectors

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/evidence"
)

// workspaces lists what is read of Azure where copies of security data may rest. API
// versions are those of Microsoft's REST reference; Microsoft.SecurityCopilot's is known
// from templates only.
func workspaces() []Collector {
	const insights = "providers/Microsoft.SecurityInsights/"
	arm := func(kind string, after []string, read func(context.Context, *reading) error, paths ...string) Collector {
		return Collector{Kind: kind, API: ARM, Tier: evidence.API, After: after, Paths: paths, read: read}
	}
	afterCoverage, afterWorkspaces := []string{"azure_coverage"}, []string{"log_workspaces"}
	copilot := arm("copilot_capacities", afterCoverage, readCopilotCapacities, "subscriptions/{id}/providers/Microsoft.SecurityCopilot/capacities?api-version=2023-12-01-preview")
	copilot.Tier = evidence.Proxy
	return []Collector{
		arm("log_workspaces", afterCoverage, readLogWorkspaces,
			"subscriptions/{id}/providers/Microsoft.OperationalInsights/workspaces?api-version=2025-02-01",
			"{resource}/"+insights+"onboardingStates/default?api-version=2024-03-01",
			"{resource}/dataExports?api-version=2020-08-01",
			"{resource}?api-version=2021-06-01"),
		arm("workspace_tables", afterWorkspaces, readWorkspaceTables, "{resource}/tables?api-version=2023-09-01"),
		arm("sentinel_connectors", afterWorkspaces, readSentinelConnectors, "{resource}/"+insights+"dataConnectors?api-version=2024-03-01"),
		arm("arm_role_assignments", afterWorkspaces, readWorkspaceRoles, "{resource}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01"),
		arm("entra_diagnostic_settings", nil, readDiagnosticSettings, "providers/microsoft.aadiam/diagnosticSettings?api-version=2017-04-01-preview"),
		arm("azure_resources", []string{"azure_coverage", "log_workspaces", "entra_diagnostic_settings"}, readAzureResources, "{resource}?api-version={version}"),
		copilot,
	}
}

// resourceID is what an Azure resource's id may look like; it becomes part of a path.
var resourceID = regexp.MustCompile(`^/subscriptions/[0-9A-Za-z-]{1,64}/resource[gG]roups/[^/?#%\s]{1,90}/providers/[A-Za-z.]+(/[^/?#%\s]+)+$`)

// resource fills {resource} in a path with an Azure resource's id.
func (r *reading) resource(i int, id string, names ...string) (string, error) {
	if !resourceID.MatchString(id) || strings.Contains(id, "..") {
		return "", &RefusalError{Reason: evidence.Invalid, Message: "a resource's id is not of Azure's form"}
	}
	return strings.ReplaceAll(r.path(i, names...), "{resource}", strings.TrimPrefix(id, "/")), nil
}

// eachSubscription calls take for every subscription that the reader sees.
func (r *reading) eachSubscription(take func(id string) error) error {
	subscriptions, err := r.subscriptions()
	if err != nil {
		return err
	}
	for _, line := range subscriptions {
		if err := take(line.ID); err != nil {
			return err
		}
	}
	return r.doubt("azure_coverage")
}

// azureList lists a collection of Azure; a provider that isn't registered answers 404 and
// has nothing.
func (r *reading) azureList(ctx context.Context, path string, take func(object json.RawMessage) error) error {
	for object, err := range r.each(ctx, path) {
		if notFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := take(object); err != nil {
			return err
		}
	}
	return nil
}

// decode reads an object of Azure, or says that it isn't of the documented shape.
func decode(object json.RawMessage, into any) error {
	if err := json.Unmarshal(object, into); err != nil {
		return &RefusalError{Reason: evidence.Invalid, Message: "Azure's answer is not of the documented shape: " + err.Error()}
	}
	return nil
}

// workspaceLine is one line of log_workspaces.
type workspaceLine struct {
	ID              string       `json:"id"`
	Name            string       `json:"name"`
	Location        string       `json:"location"`
	SubscriptionID  string       `json:"subscriptionId"`
	CustomerID      string       `json:"customerId"`
	RetentionInDays int          `json:"retentionInDays"`
	Sentinel        *bool        `json:"sentinel"`
	ClusterLocation *string      `json:"clusterLocation"`
	Replication     *replication `json:"replication"`
	Exports         []exportLine `json:"exports"`
}

type replication struct {
	Enabled  bool   `json:"enabled"`
	Location string `json:"location"`
}

type exportLine struct {
	ID                    string   `json:"id"`
	Name                  string   `json:"name"`
	Enable                *bool    `json:"enable"`
	DestinationResourceID string   `json:"destinationResourceId"`
	TableNames            []string `json:"tableNames"`
}

func readLogWorkspaces(ctx context.Context, r *reading) error {
	return r.eachSubscription(func(subscription string) error {
		return r.azureList(ctx, r.path(0, "id", subscription), func(object json.RawMessage) error {
			var workspace struct {
				ID         string `json:"id"`
				Name       string `json:"name"`
				Location   string `json:"location"`
				Properties struct {
					CustomerID      string       `json:"customerId"`
					RetentionInDays int          `json:"retentionInDays"`
					Replication     *replication `json:"replication"`
					Features        struct {
						ClusterResourceID string `json:"clusterResourceId"`
					} `json:"features"`
				} `json:"properties"`
			}
			if err := decode(object, &workspace); err != nil {
				return err
			}
			line := workspaceLine{
				ID: workspace.ID, Name: workspace.Name, Location: workspace.Location, SubscriptionID: subscription,
				CustomerID: workspace.Properties.CustomerID, RetentionInDays: workspace.Properties.RetentionInDays,
				Replication: workspace.Properties.Replication, Exports: []exportLine{},
			}
			var err error
			if line.Sentinel, err = r.sentinel(ctx, workspace.ID); err != nil {
				return err
			}
			if line.Exports, err = r.exports(ctx, workspace.ID); err != nil {
				return err
			}
			if cluster := workspace.Properties.Features.ClusterResourceID; cluster != "" {
				if line.ClusterLocation, err = r.clusterLocation(ctx, cluster); err != nil {
					return err
				}
			}
			return r.marshal(line)
		})
	})
}

// sentinel says whether Microsoft Sentinel is on in a workspace: 200, or 404 where it is
// not; nil where the reader may not know.
func (r *reading) sentinel(ctx context.Context, workspace string) (*bool, error) {
	path, err := r.resource(1, workspace)
	if err != nil {
		return nil, err
	}
	_, err = r.get(ctx, path)
	on := err == nil
	if on || notFound(err) {
		return &on, nil
	}
	if forbidden(err) {
		return nil, nil //nolint:nilnil // nil is the third answer: it could not be known
	}
	return nil, err
}

func (r *reading) exports(ctx context.Context, workspace string) ([]exportLine, error) {
	exports := []exportLine{}
	path, err := r.resource(2, workspace)
	if err != nil {
		return nil, err
	}
	err = r.azureList(ctx, path, func(object json.RawMessage) error {
		var export struct {
			ID         string `json:"id"`
			Name       string `json:"name"`
			Properties struct {
				Enable      *bool    `json:"enable"`
				TableNames  []string `json:"tableNames"`
				Destination struct {
					ResourceID string `json:"resourceId"`
				} `json:"destination"`
			} `json:"properties"`
		}
		if err := decode(object, &export); err != nil {
			return err
		}
		exports = append(exports, exportLine{export.ID, export.Name, export.Properties.Enable, export.Properties.Destination.ResourceID, export.Properties.TableNames})
		return nil
	})
	return exports, err
}

// clusterLocation is the region of a dedicated cluster, which holds the workspace's data;
// an empty one where the reader may not see the cluster.
func (r *reading) clusterLocation(ctx context.Context, cluster string) (*string, error) {
	path, err := r.resource(3, cluster)
	if err != nil {
		return nil, err
	}
	unknown := ""
	answer, err := r.get(ctx, path)
	if forbidden(err) || notFound(err) {
		return &unknown, nil
	}
	if err != nil {
		return nil, err
	}
	var resource struct {
		Location string `json:"location"`
	}
	return &resource.Location, decode(answer.Body, &resource)
}

// eachWorkspace calls take for every workspace that was read. One without Microsoft
// Sentinel has no data connectors, and Azure refuses to list them.
func (r *reading) eachWorkspace(take func(id string) error) error {
	for _, raw := range r.earlier("log_workspaces") {
		var line workspaceLine
		if err := json.Unmarshal(raw, &line); err != nil {
			return &fatal{err}
		}
		if r.collector.Kind == "sentinel_connectors" && line.Sentinel != nil && !*line.Sentinel {
			continue
		}
		if err := take(line.ID); err != nil {
			return err
		}
	}
	return r.doubt("log_workspaces")
}

// perWorkspace reads a collection of every workspace and writes what convert makes of
// each object; nil leaves an object out.
func (r *reading) perWorkspace(ctx context.Context, convert func(object json.RawMessage, workspace string) (any, error)) error {
	return r.eachWorkspace(func(workspace string) error {
		path, err := r.resource(0, workspace)
		if err != nil {
			return err
		}
		return r.azureList(ctx, path, func(object json.RawMessage) error {
			line, err := convert(object, workspace)
			if err != nil || line == nil {
				return err
			}
			return r.marshal(line)
		})
	})
}

// securityTable are the tables of Defender XDR that a workspace can keep (Microsoft
// Sentinel, "Connect data from Microsoft Defender XDR").
var securityTable = regexp.MustCompile(`^(Alert(Info|Evidence)|Device[A-Z]\w*|Email[A-Z]\w*|Identity[A-Z]\w*|CloudAppEvents|UrlClickEvents|Security(Alert|Incident))$`)

func readWorkspaceTables(ctx context.Context, r *reading) error {
	return r.perWorkspace(ctx, func(object json.RawMessage, workspace string) (any, error) {
		var table struct {
			ID         string         `json:"id"`
			Name       string         `json:"name"`
			Properties map[string]any `json:"properties"`
		}
		if err := decode(object, &table); err != nil || !securityTable.MatchString(table.Name) {
			return nil, err
		}
		line := map[string]any{"id": table.ID, "workspaceId": workspace, "name": table.Name}
		for _, field := range []string{"plan", "retentionInDays", "totalRetentionInDays", "provisioningState"} {
			line[field] = table.Properties[field]
		}
		return line, nil
	})
}

func readSentinelConnectors(ctx context.Context, r *reading) error {
	return r.perWorkspace(ctx, func(object json.RawMessage, workspace string) (any, error) {
		var connector struct {
			ID         string `json:"id"`
			Name       string `json:"name"`
			Kind       string `json:"kind"`
			Properties struct {
				DataTypes map[string]struct {
					State string `json:"state"`
				} `json:"dataTypes"`
			} `json:"properties"`
		}
		err := decode(object, &connector)
		return map[string]any{
			"id": connector.ID, "workspaceId": workspace, "name": connector.Name, "kind": connector.Kind,
			"dataTypes": connector.Properties.DataTypes,
		}, err
	})
}

func readWorkspaceRoles(ctx context.Context, r *reading) error {
	return r.perWorkspace(ctx, func(object json.RawMessage, workspace string) (any, error) {
		var assignment struct {
			ID         string `json:"id"`
			Properties struct {
				PrincipalID      string `json:"principalId"`
				PrincipalType    string `json:"principalType"`
				RoleDefinitionID string `json:"roleDefinitionId"`
				Scope            string `json:"scope"`
			} `json:"properties"`
		}
		err := decode(object, &assignment)
		p := assignment.Properties
		return map[string]any{
			"id": assignment.ID, "workspaceId": workspace, "principalId": p.PrincipalID, "principalType": p.PrincipalType,
			"roleDefinitionId": p.RoleDefinitionID, "scope": p.Scope,
		}, err
	})
}

func readDiagnosticSettings(ctx context.Context, r *reading) error {
	return r.azureList(ctx, r.path(0), func(object json.RawMessage) error {
		var setting struct {
			ID         string         `json:"id"`
			Name       string         `json:"name"`
			Properties map[string]any `json:"properties"`
		}
		if err := decode(object, &setting); err != nil {
			return err
		}
		line := map[string]any{"id": setting.ID, "name": setting.Name}
		for _, field := range []string{"workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "eventHubName", "serviceBusRuleId", "marketplacePartnerId", "logs"} {
			line[field] = setting.Properties[field]
		}
		return r.marshal(line)
	})
}

func readCopilotCapacities(ctx context.Context, r *reading) error {
	return r.eachSubscription(func(subscription string) error {
		return r.azureList(ctx, r.path(0, "id", subscription), func(object json.RawMessage) error {
			var capacity struct {
				ID         string `json:"id"`
				Name       string `json:"name"`
				Location   string `json:"location"`
				Properties struct {
					Geo             string `json:"geo"`
					CrossGeoCompute string `json:"crossGeoCompute"`
				} `json:"properties"`
			}
			if err := decode(object, &capacity); err != nil {
				return err
			}
			return r.marshal(map[string]any{
				"id": capacity.ID, "name": capacity.Name, "subscriptionId": subscription, "location": capacity.Location,
				"geo": capacity.Properties.Geo, "crossGeoCompute": capacity.Properties.CrossGeoCompute,
			})
		})
	})
}

func forbidden(err error) bool {
	var refusal *RefusalError
	return errors.As(err, &refusal) && refusal.Reason == "" &&
		slices.Contains([]int{http.StatusForbidden, http.StatusUnauthorized}, refusal.Status)
}
