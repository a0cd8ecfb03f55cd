package collectors

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/evidence"
)

// Exchange Online and Purview answer a person's PowerShell alone. The cmdlets' objects
// have hundreds of fields, addresses and names among them; those of the schemas are kept.
// https://learn.microsoft.com/powershell/module/exchange/get-organizationconfig,
// get-adminauditlogconfig and get-unifiedauditlogretentionpolicy.

const (
	exchangeOrganizationKind = "exchange_organization"
	exchangeAuditKind        = "exchange_audit_config"
)

func looksLikeOrganizationConfig(d importDocument) bool {
	list, ok := d.innerList()
	return ok && len(list) == 1 &&
		hasAny(list[0], "AllowedMailboxRegions", "DefaultMailboxRegion") && hasAny(list[0], "Guid", "Name", "CustomerLockBoxEnabled")
}

// readOrganizationConfig reads Get-OrganizationConfig | ConvertTo-Json. Regions come as
// "NAM=..." or as the code alone; the code is kept.
func readOrganizationConfig(d importDocument, o ImportOptions) (Import, error) {
	saved, objects, err := openObjects(d, o)
	if err != nil {
		return Import{}, err
	}
	if len(objects) != 1 {
		return Import{}, fmt.Errorf("reading Get-OrganizationConfig: it has %d organisations; save that of one tenant", len(objects))
	}
	fields := objects[0]
	id, _ := fields["ExternalDirectoryOrganizationId"].(string)
	if err := sameTenant(id, o); err != nil {
		return Import{}, err
	}
	if regions, there := fields["AllowedMailboxRegions"]; there && regions != nil {
		codes, err := regionCodes(regions)
		if err != nil {
			return Import{}, err
		}
		fields["AllowedMailboxRegions"] = codes
	}
	imported, err := oneKind(saved.imported(exchangeOrganizationKind, "Get-OrganizationConfig", objects))
	imported.Tenant = evidence.Tenant{ID: strings.ToLower(id)}
	return imported, err
}

func regionCodes(regions any) ([]any, error) {
	codes := []any{}
	for _, region := range powerShellList(regions) {
		text, ok := region.(string)
		if !ok {
			return nil, errors.New("reading AllowedMailboxRegions: a region is not text; convert with ConvertTo-Json -Depth 4")
		}
		text = strings.TrimSpace(text)
		if flattened(text) {
			return nil, errors.New("reading AllowedMailboxRegions: it is a list in one text; convert with ConvertTo-Json -Depth 4")
		}
		if code, _, _ := strings.Cut(text, "="); code != "" {
			codes = append(codes, code)
		}
	}
	return codes, nil
}

// flattened says whether text is what ConvertTo-Json writes for a list that lies deeper than
// its -Depth: the elements, none of which has a space, one after the other.
func flattened(text string) bool { return strings.ContainsAny(text, " \t") }

func looksLikeAuditConfig(d importDocument) bool {
	list, ok := d.innerList()
	return ok && len(list) == 1 && hasAll(list[0], "UnifiedAuditLogIngestionEnabled")
}

// readAuditConfig reads Get-AdminAuditLogConfig | ConvertTo-Json, the first half of its
// kind; Join adds the retention policies.
func readAuditConfig(d importDocument, o ImportOptions) (Import, error) {
	saved, objects, err := openObjects(d, o)
	if err != nil {
		return Import{}, err
	}
	if len(objects) != 1 {
		return Import{}, fmt.Errorf("reading Get-AdminAuditLogConfig: it has %d configurations; save that of one tenant", len(objects))
	}
	kept := map[string]any{"UnifiedAuditLogIngestionEnabled": objects[0]["UnifiedAuditLogIngestionEnabled"]}
	return oneKind(saved.imported(exchangeAuditKind, "Get-AdminAuditLogConfig", []map[string]any{kept}))
}

func looksLikeRetentionPolicies(d importDocument) bool {
	if object := d.innerObject(); len(object) == 1 && hasAll(object, "retentionPolicies") {
		return true
	}
	list, ok := d.innerList()
	if !ok || len(list) == 0 {
		return false
	}
	for _, policy := range list {
		if !hasAll(policy, "RetentionDuration") || !hasAny(policy, "RecordTypes", "Operations", "UserIds") {
			return false
		}
	}
	return true
}

// readRetentionPolicies reads Get-UnifiedAuditLogRetentionPolicy | ConvertTo-Json, the
// second half of its kind. The cmdlet writes nothing where there is no policy, so that
// @{retentionPolicies = @(...)} | ConvertTo-Json, which does, is read as well. Which users
// a policy is for is dropped; that it is for some is kept.
func readRetentionPolicies(d importDocument, o ImportOptions) (Import, error) {
	saved, value, err := openSaved(d, o)
	if err != nil {
		return Import{}, err
	}
	if object, ok := value.(map[string]any); ok {
		if list, there := object["retentionPolicies"]; there {
			value = powerShellList(list)
		}
	}
	objects, err := objectsOf(value)
	if err != nil {
		return Import{}, err
	}
	policies := []any{}
	for _, policy := range objects {
		if types, _ := policy["RecordTypes"].(string); flattened(types) {
			return Import{}, errors.New("reading RecordTypes: it is a list in one text; convert with ConvertTo-Json -Depth 5")
		}
		for _, name := range []string{"RecordTypes", "Operations"} {
			if list, there := policy[name]; there && list != nil {
				policy[name] = powerShellList(list)
			}
		}
		policy["limitedToUsers"] = len(powerShellList(policy["UserIds"])) > 0
		policies = append(policies, policy)
	}
	kept := map[string]any{"retentionPolicies": policies}
	return oneKind(saved.imported(exchangeAuditKind, "Get-UnifiedAuditLogRetentionPolicy", []map[string]any{kept}))
}

// joinAudit makes one object of the two halves. It is as old as the older file, and known
// as well as the worse. Its hash is over both files' hashes, that of the switch first.
func joinAudit(halves []Imported) (Imported, error) {
	if len(halves) != 2 {
		return Imported{}, fmt.Errorf("%d files hold it; give one of Get-AdminAuditLogConfig and one of Get-UnifiedAuditLogRetentionPolicy", len(halves))
	}
	objects, err := halfObjects(halves)
	if err != nil {
		return Imported{}, err
	}
	if _, first := objects[0]["retentionPolicies"]; first {
		slices.Reverse(objects)
		halves = []Imported{halves[1], halves[0]}
	}
	_, switched := objects[0]["UnifiedAuditLogIngestionEnabled"]
	policies, told := objects[1]["retentionPolicies"]
	if !switched || !told {
		return Imported{}, errors.New("two files hold the same half of it; leave one of them out")
	}
	joined := joinedImport(halves)
	object := objects[0]
	object["retentionPolicies"] = policies
	object["sha256"] = hashOf(objects[0]["sha256"], objects[1]["sha256"])
	mergeSaved(object, objects[1])
	err = joined.hold(object)
	return joined, err
}
