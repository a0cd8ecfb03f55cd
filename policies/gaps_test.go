package policies_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/simulator"
	"github.com/domicile-audit/domicile/policies"
)

// collected is the bundle of a simulated tenant, by the real collectors over HTTPS, and the
// options by which its configuration wants it judged.
func collected(tb testing.TB, name string) (*evidence.Bundle, policies.Options) {
	tb.Helper()
	tenant, err := simulator.Load(domicile.Tenants(), name, started)
	if err != nil {
		tb.Fatal(err)
	}
	server, err := simulator.Start(tb.Context(), simulator.Options{Tenant: tenant, Now: started})
	if err != nil {
		tb.Fatal(err)
	}
	defer server.Close()
	dir := tb.TempDir()
	if err := server.WriteConfig(dir); err != nil {
		tb.Fatal(err)
	}
	settings, err := config.Read(filepath.Join(dir, config.FileName))
	if err != nil {
		tb.Fatal(err)
	}
	of := &settings.Tenants[0]
	_, err = scan.Collect(tb.Context(), filepath.Join(dir, "bundle"), scan.Collection{
		Tenant: of, MaxWait: time.Minute, Now: func() time.Time { return started }, Getenv: os.Getenv,
	})
	if err != nil {
		tb.Fatal(err)
	}
	opened, err := evidence.Open(filepath.Join(dir, "bundle"))
	if err != nil {
		tb.Fatal(err)
	}
	profile, params := settings.Settings(of)
	return opened, policies.Options{Profile: profile, Params: params}
}

// gapReasons are those that a collector may give, and partial.
var gapReasons = []evidence.Reason{
	evidence.NoPermission, evidence.NotLicensed, evidence.Throttled,
}

// without is the bundle as if a kind had not been read for a reason, or, with cut, as if
// what was read of it were not all.
func without(b *evidence.Bundle, kind string, reason evidence.Reason, cut bool) *evidence.Bundle {
	changed := *b
	changed.Manifest.Kinds = slices.Clone(b.Manifest.Kinds)
	for i := range changed.Manifest.Kinds {
		if changed.Manifest.Kinds[i].Kind == kind {
			changed.Manifest.Kinds[i].Complete = false
		}
	}
	if !cut {
		changed.Manifest.Kinds = slices.DeleteFunc(changed.Manifest.Kinds, func(e evidence.Entry) bool { return e.Kind == kind })
	}
	changed.Manifest.Gaps = append(slices.Clone(b.Manifest.Gaps), evidence.Gap{Kind: kind, Reason: reason})
	return &changed
}

func outcomesOf(t *testing.T, set *policies.Set, b *evidence.Bundle, o policies.Options) map[string]findings.Rule {
	t.Helper()
	verdicts, err := set.Evaluate(t.Context(), b, o)
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]findings.Rule{}
	for _, rule := range verdicts.Rules {
		rules[rule.ID] = rule
		for _, reason := range rule.Reasons {
			if reason.Reason == string(evidence.RuleError) {
				t.Errorf("%s breaks: %s", rule.ID, reason.Message)
			}
		}
	}
	return rules
}

// TestMissingEvidenceMakesNothingPass takes each kind away from the simulated tenants, for
// each reason, and cuts it short: no rule that failed or was unknown passes then, and none
// fails that didn't fail.
func TestMissingEvidenceMakesNothingPass(t *testing.T) {
	// Where the package that Microsoft signed isn't read, the portal's page says where the
	// data rests, at its own tier, which min_geo_tier may refuse. Where hunting can't be
	// asked, a statement of two people says that the integration or connector is on (row 10
	// of the integration's table). Without the tenant context, only what else was exported
	// is compared.
	weaker := map[string]bool{
		"GEO1002 onboarding_package": true, "GEO1008 onboarding_package": true,
		"INT1001 hunting_probe": true, "INT1008 hunting_probe": true, "INT1007 portal_tenant_context": true,
	}
	// Where PIM isn't licensed nobody is eligible for a role, and where Conditional Access
	// isn't no policy is in force: that is known.
	unlicensed := map[string]bool{
		"ROLE1003 role_eligibility": true, "LIC1007 role_eligibility": true, "LIC1013 role_eligibility": true,
		"ROLE1022 conditional_access": true,
	}
	// What is seen of a user stands, whatever part of the licences was read.
	seen := map[string]bool{"LIC1007 subscribed_skus": true}
	set := shipped(t)
	for _, tenant := range []string{"good", "weak", "off", "lapsed", "unlicensed"} {
		t.Run(tenant, func(t *testing.T) {
			bundle, options := collected(t, tenant)
			before := outcomesOf(t, set, bundle, options)
			for _, kind := range set.Kinds() {
				for _, cut := range []bool{false, true} {
					for _, reason := range gapReasons {
						after := outcomesOf(t, readersOf(t, set, kind), without(bundle, kind, reason, cut), options)
						for _, id := range slices.Sorted(maps.Keys(after)) {
							was, is := before[id].Outcome, after[id].Outcome
							passes := is == findings.Pass && (was == findings.Fail || was == findings.Unknown) && !weaker[id+" "+kind]
							fails := is == findings.Fail && was != findings.Fail && (reason != evidence.NotLicensed || !unlicensed[id+" "+kind]) && (!cut || !seen[id+" "+kind])
							if passes || fails {
								t.Errorf("%s was %s and is %s without %s (%s, cut short %t)", id, was, is, kind, reason, cut)
							}
							if slices.Equal(before[id].Kinds, []string{kind}) && is == findings.Pass {
								t.Errorf("%s passes without %s (%s, cut short %t), the only kind that it reads", id, kind, reason, cut)
							}
						}
						if cut {
							break // a kind that was cut short is partial, whatever cut it
						}
					}
				}
			}
		})
	}
}

// rewritten is the bundle with every object of its kinds as change leaves it.
func rewritten(t *testing.T, b *evidence.Bundle, change func(any) any) *evidence.Bundle {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bundle")
	writer, err := evidence.Create(dir, b.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range b.Manifest.Kinds {
		out, err := writer.Kind(entry)
		if err != nil {
			t.Fatal(err)
		}
		for line, err := range b.Objects(entry.Kind) {
			var object any
			if err := errors.Join(err, json.Unmarshal(line, &object)); err != nil {
				t.Fatal(err)
			}
			changed, err := json.Marshal(change(object))
			if err := errors.Join(err, out.Write(changed)); err != nil {
				t.Fatal(err)
			}
		}
		if entry.Complete {
			out.Complete()
		}
	}
	for _, gap := range b.Manifest.Gaps {
		writer.Gap(gap)
	}
	if _, err := writer.Close(b.Manifest.Finished); err != nil {
		t.Fatal(err)
	}
	opened, err := evidence.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// withNulls puts a null before the items of every list, as the schemas allow it.
func withNulls(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, member := range value {
			value[key] = withNulls(member)
		}
	case []any:
		items := []any{nil}
		for _, item := range value {
			items = append(items, withNulls(item))
		}
		return items
	}
	return value
}

// TestNullItemsBreakNoRule: a null among the items of a list is ignored, or makes a rule
// unknown; it never makes one fail to judge.
func TestNullItemsBreakNoRule(t *testing.T) {
	set := shipped(t)
	for _, tenant := range []string{"good", "weak", "off"} {
		bundle, options := collected(t, tenant)
		outcomesOf(t, set, rewritten(t, bundle, withNulls), options)
	}
}

// TestPagesSayWhatTheWholeSays judges every shipped rule in pages of one and of three
// objects, and compares what it says of the whole.
func TestPagesSayWhatTheWholeSays(t *testing.T) {
	set := shipped(t)
	for _, tenant := range []string{"good", "weak", "partial", "unlicensed"} {
		bundle, options := collected(t, tenant)
		whole, err := set.Evaluate(t.Context(), bundle, options)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{1, 3} {
			options.PageSize = size
			paged, err := set.Evaluate(t.Context(), bundle, options)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(whole, paged); diff != "" {
				t.Errorf("%s in pages of %d differs (-whole +paged):\n%s", tenant, size, diff)
			}
		}
	}
}

// readersOf are the rules that read a kind.
func readersOf(t *testing.T, set *policies.Set, kind string) *policies.Set {
	t.Helper()
	var ids []string
	for _, rule := range set.Rules() {
		if slices.Contains(rule.Kinds(), kind) {
			ids = append(ids, rule.ID)
		}
	}
	some, err := set.Select(policies.Selection{Rules: ids})
	if err != nil {
		t.Fatal(err)
	}
	return some
}
