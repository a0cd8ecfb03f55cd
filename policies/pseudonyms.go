package policies

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/internal/pseudonym"
)

var idInRule = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// NamedIDs are the ids that the shipped rules name, sorted: those of Microsoft's roles,
// applications, plans and tenants, which are the same in every tenant and stay as they are
// in pseudonymised evidence.
func NamedIDs() []string {
	var ids []string
	tree := Builtin()
	for _, name := range tree.names(false) {
		ids = append(ids, idInRule.FindAllString(tree[name], -1)...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// ImpersonalParams are the parameters of the shipped rules that hold text and name no person, group
// or application of a tenant's: words, places, plans, and the ids of organisations and of
// resources in Azure.
func ImpersonalParams() []string {
	return []string{
		"admin_plans", "adr_skus", "allowed_countries", "allowed_geos", "allowed_geos_by_service", "approved_tenants",
		"auto_renewed_subscriptions", "azure_subscriptions", "consent_history_from", "coverage_unlicensed", "expected_state", "first_party_tenants",
		"geo_groups", "high_risk_permissions", "home_regions", "known_copies", "max_evidence_age", "min_geo_tier", "min_geo_tier_by_service",
		"missing_record", "pim", "plans_that_may_be_off", "preferred_data_locations", "regimes", "required_services", "services_not_used", "user_consent",
	}
}

// PersonalParams are the other ones that hold text.
func PersonalParams() []string {
	return []string{
		"activation_approvers", "approved_applications", "approved_foreign_principals", "break_glass_accounts", coverageExempt, "privileged_roles", "remediator_app_id",
		"review_roles", "role_exceptions",
	}
}

const coverageExempt = "coverage_exempt"

// Pseudonymise returns parameters as they are held against pseudonymised evidence: what names
// people, groups or applications has the pseudonyms that stand for them there, and no reason
// that somebody wrote stays. It refuses a pattern that no pseudonym can match.
func Pseudonymise(params map[string]any, key *pseudonym.Key) (map[string]any, error) {
	out := make(map[string]any, len(params))
	for name, value := range params {
		if name == coverageExempt {
			if err := wholeNames(value); err != nil {
				return nil, err
			}
		}
		out[name] = withPseudonyms(value, key, slices.Contains(ImpersonalParams(), name))
	}
	return out, nil
}

// wholeNames refuses patterns of user principal names, save those of the beginnings that stay.
func wholeNames(value any) error {
	exempt, _ := value.(map[string]any)
	patterns, _ := exempt["upn"].([]any)
	for _, pattern := range patterns {
		text, _ := pattern.(string)
		begins, all := strings.CutSuffix(strings.ToLower(text), "*")
		if strings.ContainsAny(text, `*?[]{}\`) && (!all || !slices.Contains(pseudonym.Conventions(), begins)) {
			return fmt.Errorf("parameter %s: the pattern %q can't be held against pseudonyms; name each account, or the groups that assign their licences", coverageExempt, text)
		}
	}
	return nil
}

// withPseudonyms replaces in a parameter's value; bare leaves everything but reasons.
func withPseudonyms(value any, key *pseudonym.Key, bare bool) any {
	switch value := value.(type) {
	case string:
		if bare {
			return value
		}
		return key.Again(value)
	case []any:
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = withPseudonyms(item, key, bare)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(value))
		for name, member := range value {
			if text, is := member.(string); is && (name == "reason" || name == "why") {
				out[name] = key.Name("text", text)
				continue
			}
			out[name] = withPseudonyms(member, key, bare)
		}
		return out
	default:
		return value
	}
}
