package main

import (
	"bytes"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/policies"
)

func generated(tb testing.TB, o tenantOptions) *evidence.Bundle {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), bundleDir)
	if err := o.write(dir); err != nil {
		tb.Fatal(err)
	}
	bundle, err := evidence.Verify(dir, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return bundle
}

// chosen are the sets of rules, compiled, by name.
func chosen(tb testing.TB) map[string]*policies.Set {
	tb.Helper()
	read, err := policies.Read(policies.Builtin())
	if err != nil {
		tb.Fatal(err)
	}
	sets := map[string]*policies.Set{}
	for _, rules := range ruleSets(read) {
		set, err := read.Select(policies.Selection{Rules: ids(rules.rules)})
		if err == nil {
			set, err = set.Compile(tb.Context())
		}
		if err != nil {
			tb.Fatal(err)
		}
		sets[rules.name] = set
	}
	return sets
}

// TestTheCheckByHandFindsTheSame holds the floor to the rules that it stands for: the same
// rules fail the same objects.
func TestTheCheckByHandFindsTheSame(t *testing.T) {
	bundle := generated(t, tenantOptions{Objects: 8000, Seed: 3})
	verdicts, err := chosen(t)["byhand"].Evaluate(t.Context(), bundle, policies.Options{Params: params()})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, finding := range verdicts.Findings {
		want = append(want, finding.Rule+" "+finding.Resource.ID)
	}
	var out bytes.Buffer
	if err := floor(&out, bundle.Dir); err != nil {
		t.Fatal(err)
	}
	var got []string
	seen := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		words := strings.Fields(line)
		got = append(got, words[0]+" "+words[1])
		seen[words[0]] = true
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the rules and the check by hand differ (-rules +by hand):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(checks())), slices.Sorted(maps.Keys(seen))); diff != "" {
		t.Errorf("some rules found nothing (-known +found):\n%s", diff)
	}
}

// TestGeneratedEvidence holds what is generated to what it promises: equal seeds give equal
// bytes, every rule that is measured finds something and knows its verdict, and between one and two in a
// hundred objects fail.
func TestGeneratedEvidence(t *testing.T) {
	const objects = 20_000
	bundle := generated(t, tenantOptions{Objects: objects, Seed: 1})
	if again := generated(t, tenantOptions{Objects: objects, Seed: 1}); again.Manifest.Digest() != bundle.Manifest.Digest() {
		t.Error("equal seeds give different bytes")
	}
	if other := generated(t, tenantOptions{Objects: objects, Seed: 2}); other.Manifest.Digest() == bundle.Manifest.Digest() {
		t.Error("different seeds give equal bytes")
	}
	verdicts, err := chosen(t)["all"].Evaluate(t.Context(), bundle, policies.Options{Params: params()})
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range verdicts.Rules {
		if rule.Failed == 0 || len(rule.Reasons) > 0 {
			t.Errorf("%s: %d objects fail, and %v is not known; want some and nothing", rule.ID, rule.Failed, rule.Reasons)
		}
	}
	if share := float64(len(verdicts.Findings)) / objects; share < 0.01 || share > 0.02 {
		t.Errorf("%.2f %% of the objects fail, want from 1 to 2", 100*share)
	}
}

// BenchmarkLoad is what a command pays before the first object.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := policies.Load(b.Context(), policies.Builtin()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEvaluate judges a bundle by each set of rules.
func BenchmarkEvaluate(b *testing.B) {
	const objects = 20_000
	bundle := generated(b, tenantOptions{Objects: objects, Seed: 1})
	sets := chosen(b)
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		b.Run("rules="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sets[name].Evaluate(b.Context(), bundle, policies.Options{Params: params()}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(objects*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
		})
	}
}

// BenchmarkFloor is the check by hand.
func BenchmarkFloor(b *testing.B) {
	const objects = 20_000
	bundle := generated(b, tenantOptions{Objects: objects, Seed: 1})
	b.ReportAllocs()
	for b.Loop() {
		if err := floor(&bytes.Buffer{}, bundle.Dir); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(objects*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
}
