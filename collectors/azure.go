package collectors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/domicile-audit/domicile/evidence"
)

// azure lists what is read of Azure Resource Manager. Its API versions are those of
// Microsoft's REST reference.
func azure() []Collector {
	return []Collector{
		{
			Kind: "azure_coverage", API: ARM, Tier: evidence.API, read: readAzureCoverage,
			Paths: []string{
				"subscriptions?api-version=2022-12-01",
				"providers/Microsoft.Management/managementGroups?api-version=2020-05-01",
			},
		},
		{
			Kind: "onboarding_package", API: ARM, Tier: evidence.Signed, read: readOnboardingPackages,
			Paths: []string{"subscriptions/{id}/providers/Microsoft.Security/mdeOnboardings?api-version=2021-10-01-preview"},
			After: []string{"azure_coverage"},
		},
	}
}

// coverageLine is one subscription or management group that the reader can see.
type coverageLine struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	TenantID    string `json:"tenantId"`
	DisplayName string `json:"displayName"`
	State       string `json:"state"`
}

// readAzureCoverage lists the subscriptions and, where the reader may, the management
// groups: a reader without access to those has no root to show, which is what rules ask.
func readAzureCoverage(ctx context.Context, r *reading) error {
	if err := r.coverage(ctx, r.path(0), subscriptionLine); err != nil {
		return err
	}
	err := r.coverage(ctx, r.path(1), managementGroupLine)
	var refusal *RefusalError
	if errors.As(err, &refusal) && refusal.Reason == "" && (refusal.Status == http.StatusForbidden || refusal.Status == http.StatusUnauthorized) {
		return nil
	}
	return err
}

func (r *reading) coverage(ctx context.Context, path string, convert func(json.RawMessage) (coverageLine, error)) error {
	for object, err := range r.each(ctx, path) {
		if err != nil {
			return err
		}
		line, err := convert(object)
		if err != nil {
			return &RefusalError{Reason: evidence.Invalid, Message: "Azure's answer is not of the documented shape: " + err.Error()}
		}
		if err := r.marshal(line); err != nil {
			return err
		}
	}
	return nil
}

func subscriptionLine(object json.RawMessage) (coverageLine, error) {
	var subscription struct {
		SubscriptionID string `json:"subscriptionId"`
		TenantID       string `json:"tenantId"`
		DisplayName    string `json:"displayName"`
		State          string `json:"state"`
	}
	err := json.Unmarshal(object, &subscription)
	return coverageLine{"subscription", subscription.SubscriptionID, subscription.TenantID, subscription.DisplayName, subscription.State}, err
}

func managementGroupLine(object json.RawMessage) (coverageLine, error) {
	var group struct {
		Name       string `json:"name"`
		Properties struct {
			TenantID    string `json:"tenantId"`
			DisplayName string `json:"displayName"`
		} `json:"properties"`
	}
	err := json.Unmarshal(object, &group)
	return coverageLine{"managementGroup", group.Name, group.Properties.TenantID, group.Properties.DisplayName, ""}, err
}

// subscriptions are those that the reader sees, as azure_coverage read them.
func (r *reading) subscriptions() ([]coverageLine, error) {
	var subscriptions []coverageLine
	for _, raw := range r.earlier("azure_coverage") {
		var line coverageLine
		if err := json.Unmarshal(raw, &line); err != nil {
			return nil, &fatal{err}
		}
		if line.Type == "subscription" {
			subscriptions = append(subscriptions, line)
		}
	}
	return subscriptions, nil
}

// readOnboardingPackages reads Defender for Endpoint's onboarding package through each
// subscription, which binds it to the subscription's tenant, and joins the packages that
// were imported. A subscription without Defender for Cloud answers 404 and is passed
// over.
func readOnboardingPackages(ctx context.Context, r *reading) error {
	var packages []json.RawMessage
	subscriptions, err := r.subscriptions()
	if err != nil {
		return err
	}
	for _, line := range subscriptions {
		for page, err := range r.pages(ctx, Request{API: ARM, Path: r.path(0, "id", line.ID)}, 0, 0) {
			if notFound(err) {
				break
			}
			if err != nil {
				return errors.Join(r.writePackages(packages), err)
			}
			found, err := r.parsePackages(page.Objects, line.TenantID)
			if err != nil {
				return err
			}
			packages = append(packages, found...)
		}
	}
	if len(packages) > 0 {
		return r.writePackages(packages)
	}
	if err := r.doubt("azure_coverage"); err != nil {
		return err
	}
	return &RefusalError{Reason: evidence.NotCollected, Message: "no subscription that the reader can see holds an onboarding package, and none was imported"}
}

// writePackages writes the packages that ARM gave and those that were imported, each
// signed body once: ARM's stand, for they say which tenant they are of.
func (r *reading) writePackages(packages []json.RawMessage) error {
	packages, err := distinctPackages(append(packages, r.imported(r.collector.Kind)...))
	if err != nil {
		return &fatal{err}
	}
	for _, object := range packages {
		if err := r.write(object); err != nil {
			return err
		}
	}
	return nil
}

// distinctPackages leaves the first of the packages with the same signed body.
func distinctPackages(packages []json.RawMessage) ([]json.RawMessage, error) {
	type identity struct {
		SHA256    string `json:"sha256"`
		Signature string `json:"signature"`
	}
	seen := map[identity]bool{}
	var distinct []json.RawMessage
	for _, object := range packages {
		var key identity
		if err := json.Unmarshal(object, &key); err != nil {
			return nil, fmt.Errorf("reading an onboarding package: %w", err)
		}
		if !seen[key] {
			seen[key] = true
			distinct = append(distinct, object)
		}
	}
	return distinct, nil
}

// parsePackages verifies the packages of one answer. The Windows and the Linux item hold
// the same signed body; what can't be parsed is left out only if another could be.
func (r *reading) parsePackages(objects []json.RawMessage, tenantID string) ([]json.RawMessage, error) {
	var found []json.RawMessage
	var failed error
	for _, object := range objects {
		var item struct {
			Properties struct {
				Windows string `json:"onboardingPackageWindows"`
				Linux   string `json:"onboardingPackageLinux"`
			} `json:"properties"`
		}
		if err := json.Unmarshal(object, &item); err != nil {
			return nil, &RefusalError{Reason: evidence.Invalid, Message: "Azure's answer is not of the documented shape"}
		}
		for _, content := range slices.DeleteFunc([]string{item.Properties.Windows, item.Properties.Linux}, func(s string) bool { return s == "" }) {
			parsed, err := ParseOnboardingPackage([]byte(content), r.run.options.Packages)
			if err != nil {
				failed = err
				continue
			}
			if parsed, err = bare(parsed, map[string]string{"subscriptionTenantId": tenantID}); err != nil {
				return nil, &fatal{err}
			}
			found = append(found, parsed)
		}
	}
	if len(found) == 0 && failed != nil {
		return nil, &RefusalError{Reason: evidence.Invalid, Message: "the onboarding package can't be read: " + failed.Error()}
	}
	return found, nil
}
