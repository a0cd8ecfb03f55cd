package collectors

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// resourceVersions are the API versions with which the kinds of destinations are asked,
// by resource type in lower case. Earlier ones leave out where event hubs and workspaces
// are replicated to.
var resourceVersions = map[string]string{ //nolint:gochecknoglobals // a constant table
	"microsoft.storage/storageaccounts":        "2023-05-01",
	"microsoft.eventhub/namespaces":            "2024-05-01-preview",
	"microsoft.operationalinsights/workspaces": "2025-02-01",
}

// destinationLine is one line of azure_resources.
type destinationLine struct {
	ID                string   `json:"id"`
	Status            int      `json:"status"`
	Type              string   `json:"type"`
	TenantID          *string  `json:"tenantId"`
	SubscriptionID    string   `json:"subscriptionId"`
	Location          string   `json:"location"`
	SKU               string   `json:"sku"`
	SecondaryLocation string   `json:"secondaryLocation"`
	Replicas          []string `json:"replicas"`
}

// readAzureResources resolves every destination of an export: where it is, and whether it
// is there at all. 403 and 404 are answers; anything else is a gap.
func readAzureResources(ctx context.Context, r *reading) error {
	destinations, err := r.destinations()
	if err != nil {
		return err
	}
	tenants, err := r.subscriptionTenants()
	if err != nil {
		return err
	}
	for _, id := range destinations {
		line, err := r.resolve(ctx, id)
		if err != nil {
			return err
		}
		if tenant, seen := tenants[strings.ToLower(line.SubscriptionID)]; seen {
			line.TenantID = &tenant
		}
		if err := r.marshal(line); err != nil {
			return err
		}
	}
	return r.doubt("azure_coverage", "log_workspaces", "entra_diagnostic_settings")
}

// destinations are the ids that diagnostic settings, export rules of workspaces and
// imported streaming exports name, each once, sorted.
func (r *reading) destinations() ([]string, error) {
	var ids []string
	for _, raw := range slices.Concat(r.earlier("entra_diagnostic_settings"), r.imported("streaming_export"), r.earlier("log_workspaces")) {
		var named struct {
			WorkspaceID         string       `json:"workspaceId"`
			StorageAccountID    string       `json:"storageAccountId"`
			EventHubRule        string       `json:"eventHubAuthorizationRuleId"`
			ServiceBusRule      string       `json:"serviceBusRuleId"`
			Partner             string       `json:"marketplacePartnerId"`
			StorageResourceID   string       `json:"storageAccountResourceId"`
			EventHubResourceID  string       `json:"eventHubResourceId"`
			WorkspaceResourceID string       `json:"workspaceResourceId"`
			Exports             []exportLine `json:"exports"`
		}
		if err := json.Unmarshal(raw, &named); err != nil {
			return nil, &fatal{err}
		}
		ids = append(ids, named.WorkspaceID, named.StorageAccountID, named.EventHubRule, named.ServiceBusRule, named.Partner, named.StorageResourceID, named.EventHubResourceID, named.WorkspaceResourceID)
		for _, export := range named.Exports {
			ids = append(ids, export.DestinationResourceID)
		}
	}
	for i, id := range ids {
		ids[i] = topResource(id)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return slices.DeleteFunc(ids, func(id string) bool { return id == "" }), nil
}

// topResource cuts an id down to the resource that has a location: an event hub's or a
// rule's namespace.
func topResource(id string) string {
	parts := strings.Split(id, "/")
	if len(parts) < 9 {
		return ""
	}
	return strings.Join(parts[:9], "/")
}

// resolve asks for one destination. One of another subscription form, or of a type that
// isn't known, is asked for nothing and said to be forbidden: its place is unknown.
func (r *reading) resolve(ctx context.Context, id string) (destinationLine, error) {
	parts := strings.Split(id, "/")
	line := destinationLine{ID: id, Status: http.StatusForbidden, SubscriptionID: parts[2], Type: parts[6] + "/" + parts[7], Replicas: []string{}}
	version, known := resourceVersions[strings.ToLower(line.Type)]
	if !known {
		return line, nil
	}
	path, err := r.resource(0, id, "version", version)
	if err != nil {
		return line, err
	}
	answer, err := r.get(ctx, path)
	switch {
	case forbidden(err):
		return line, nil
	case notFound(err):
		line.Status = http.StatusNotFound
		return line, nil
	case err != nil:
		return line, err
	}
	var resource struct {
		Location string `json:"location"`
		SKU      struct {
			Name string `json:"name"`
		} `json:"sku"`
		Properties struct {
			SecondaryLocation string `json:"secondaryLocation"`
			Replication       struct {
				Enabled  bool   `json:"enabled"`
				Location string `json:"location"`
			} `json:"replication"`
			GeoDataReplication struct {
				Locations []struct {
					Name string `json:"locationName"`
				} `json:"locations"`
			} `json:"geoDataReplication"`
		} `json:"properties"`
	}
	if err := decode(answer.Body, &resource); err != nil {
		return line, err
	}
	line.Status, line.Location, line.SKU, line.SecondaryLocation = http.StatusOK, resource.Location, resource.SKU.Name, resource.Properties.SecondaryLocation
	for _, location := range resource.Properties.GeoDataReplication.Locations {
		line.Replicas = append(line.Replicas, location.Name)
	}
	if resource.Properties.Replication.Enabled {
		line.Replicas = append(line.Replicas, resource.Properties.Replication.Location)
	}
	return line, nil
}

// subscriptionTenants are the tenants of the subscriptions that the reader sees.
func (r *reading) subscriptionTenants() (map[string]string, error) {
	subscriptions, err := r.subscriptions()
	if err != nil {
		return nil, err
	}
	tenants := map[string]string{}
	for _, line := range subscriptions {
		tenants[strings.ToLower(line.ID)] = line.TenantID
	}
	return tenants, nil
}

// imported returns the objects that files gave of a kind.
func (r *reading) imported(kind string) []json.RawMessage {
	var objects []json.RawMessage
	r.joins = true
	for _, imported := range r.run.options.Import {
		if imported.Kind == kind {
			objects = append(objects, imported.Objects...)
		}
	}
	return objects
}
