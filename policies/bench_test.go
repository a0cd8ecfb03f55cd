package policies

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/plan"
)

// onePage is as many users as a page holds, a line each.
func onePage() page {
	var lines bytes.Buffer
	for i := range DefaultPageSize {
		fmt.Fprintf(&lines, `{"id":"10000000-0000-4000-8000-%012x","displayName":"Person %[1]d","userPrincipalName":"person.%[1]d@contoso.example","accountEnabled":true,"userType":"Member",`+
			`"usageLocation":"DE","preferredDataLocation":null,"onPremisesSyncEnabled":null,"createdDateTime":"2024-01-15T08:00:00Z","externalUserState":null,`+
			`"assignedLicenses":[{"skuId":"06ebc4ee-1bb5-47dd-8120-11324bc54e06","disabledPlans":[]}],"licenseAssignmentStates":[{"skuId":"06ebc4ee-1bb5-47dd-8120-11324bc54e06","state":"Active","error":"None"}],`+
			`"assignedPlans":[{"servicePlanId":"871d91ec-ec1a-452b-a83f-bd76c7d770ef","service":"WindowsDefenderATP","capabilityStatus":"Enabled"}]}`+"\n", i)
	}
	return page{objects: DefaultPageSize, lines: lines.Bytes()}
}

// usersBundle is a bundle of one page of users, and of the licence that they have.
func usersBundle(b *testing.B) *evidence.Bundle {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "bundle")
	writer, err := evidence.Create(dir, evidence.Manifest{Tenant: evidence.Tenant{ID: "t", Name: "Contoso", Cloud: "global"}, Started: time.Unix(0, 0)})
	if err != nil {
		b.Fatal(err)
	}
	sku := `{"skuId":"06ebc4ee-1bb5-47dd-8120-11324bc54e06","capabilityStatus":"Enabled","servicePlans":[{"servicePlanId":"871d91ec-ec1a-452b-a83f-bd76c7d770ef","provisioningStatus":"Success"}]}`
	for kind, lines := range map[string][]byte{"users": onePage().lines, "subscribed_skus": []byte(sku)} {
		out, err := writer.Kind(evidence.Entry{Kind: kind, Tier: evidence.API})
		if err != nil {
			b.Fatal(err)
		}
		for line := range bytes.Lines(lines) {
			if err := out.Write(line); err != nil {
				b.Fatal(err)
			}
		}
		out.Complete()
	}
	if _, err := writer.Close(time.Unix(0, 0)); err != nil {
		b.Fatal(err)
	}
	bundle, err := evidence.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	return bundle
}

func perObject(b *testing.B) {
	b.Helper()
	b.ReportMetric(DefaultPageSize*float64(b.N)/b.Elapsed().Seconds(), "objects/s")
}

// BenchmarkDecodePage decodes a page: with all fields, and with those that a rule asks for.
func BenchmarkDecodePage(b *testing.B) {
	lines := onePage()
	first, _, _ := bytes.Cut(lines.lines, []byte("\n"))
	for name, keep := range map[string]*plan.Shape{
		"fields=all": plan.NewShape(namesIn(first)...),
		"fields=3":   plan.NewShape("id", "userPrincipalName", "usageLocation"),
	} {
		b.Run(name, func(b *testing.B) {
			decoder := newDecoder()
			b.SetBytes(int64(len(lines.lines)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decoder.page(lines, keep); err != nil {
					b.Fatal(err)
				}
			}
			perObject(b)
		})
	}
}

// BenchmarkEvaluatePage judges a page by the shipped rules on users, one by one.
func BenchmarkEvaluatePage(b *testing.B) {
	set, err := Read(Builtin())
	if err != nil {
		b.Fatal(err)
	}
	bundle := usersBundle(b)
	for _, rule := range set.Rules() {
		if rule.Scope != "users" {
			continue
		}
		b.Run("rule="+rule.ID, func(b *testing.B) {
			chosen, err := set.Select(Selection{Rules: []string{rule.ID}})
			if err == nil {
				chosen, err = chosen.Compile(b.Context())
			}
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := chosen.Evaluate(b.Context(), bundle, Options{}); err != nil {
					b.Fatal(err)
				}
			}
			perObject(b)
		})
	}
}

// BenchmarkTable builds the table of a look-up.
func BenchmarkTable(b *testing.B) {
	bundle := usersBundle(b)
	rules := []Rule{{Lookup: map[string]string{"users": "id"}, words: map[string]bool{"userPrincipalName": true, "accountEnabled": true}}}
	b.ReportAllocs()
	for b.Loop() {
		table, err := newStore(bundle, rules).table(b.Context(), "users", "id")
		if err != nil {
			b.Fatal(err)
		}
		if n := table.Value.(ast.Object).Len(); n != DefaultPageSize {
			b.Fatalf("the table holds %d objects", n)
		}
	}
	perObject(b)
}
