package collectors_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// evidenceFacts are the facts of the table of evidence, in its order.
const evidenceFacts = `terms-accepted service-decision service-off xdr-geo mde-org-binding mdi-geo mdca-geo app-governance-geo
exchange-regions m365-data-location aatp-mcas-integration mdca-connector lockbox retention location-exceptions processor
transfer-basis contract known-copy defender-roles`

func TestFactsAreThoseOfTheEvidence(t *testing.T) {
	want := map[string]bool{}
	for name := range strings.FieldsSeq(evidenceFacts) {
		want[name] = true
	}
	got := map[string]bool{}
	for _, fact := range collectors.Facts() {
		if got[fact.Name] {
			t.Errorf("%s is listed twice", fact.Name)
		}
		got[fact.Name] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the facts differ (-want +got):\n%s", diff)
	}
}

func TestFactExamplesPassEveryCheck(t *testing.T) {
	for _, fact := range collectors.Facts() {
		t.Run(fact.Name, func(t *testing.T) {
			for name, message := range checksOf(t, readStatements(t, importOptions(), statementAbout(t, fact.Name))[0]) {
				if message != "ok" {
					t.Errorf("check %s = %q", name, message)
				}
			}
		})
	}
}

// TestFactExamplesShowEveryField also shows that each required field is really required.
func TestFactExamplesShowEveryField(t *testing.T) {
	for _, fact := range collectors.Facts() {
		object := readStatements(t, importOptions(), statementAbout(t, fact.Name))[0]
		value, _ := object["value"].(map[string]any)
		for _, field := range fact.Fields {
			if _, there := value[field.Name]; !there && field.Required {
				t.Errorf("the example of %s lacks the required %s", fact.Name, field.Name)
			}
			text := strings.Replace("\n"+statementAbout(t, fact.Name), "\n  "+field.Name+":", "\n  #"+field.Name+":", 1)
			check := checksOf(t, readStatements(t, importOptions(), text)[0])["fact"]
			if (check == "ok") == field.Required {
				t.Errorf("%s without %s: check fact = %q", fact.Name, field.Name, check)
			}
		}
	}
}

func TestFactTypes(t *testing.T) {
	tests := []struct {
		fact, old, new, want string
	}{
		{"lockbox", "enabled: true", "enabled: 'yes'", "value.enabled is not of the type true or false"},
		{"retention", "days: 180", "days: -1", "value.days is not of the type whole number"},
		{"retention", "days: 180", "days: 1.5", "value.days is not of the type whole number"},
		{"retention", "days: 30", "days: long", "value.services[0].days is not of the type whole number"},
		{"retention", "services: [{service: endpoint, days: 30}]", "services: endpoint", "value.services is not a list"},
		{"mde-org-binding", "0d3c5a77-", "0d3c5a77", "value.orgId is not of the type id"},
		{"terms-accepted", "2020-06-15T09:12:00Z", "June", "value.acceptedAt is not of the type time"},
		{"terms-accepted", "upn: adele@contoso.example, ", "", "value.acceptedBy.upn is missing"},
		{"terms-accepted", "services: [endpoint", "services: [{a: b}", "value.services[0] is not of the type text"},
		{"service-decision", "edition: 2026-10", "edition: 2026-10\n  textSha256: abc", "value.textSha256 is not of the type sha256"},
		{"service-off", "decidedBy: Adele Vance", "decidedBy: {upn: a@b.example, objectId: 8a1f0c52-0000-4000-8000-000000000011}", "ok"},
		{"service-off", "decidedBy: Adele Vance", "decidedBy: [Adele]", "value.decidedBy is not a mapping"},
		{"defender-roles", "approved: true", "approved: true, since: 2026", "value.holders[0] has the unknown field"},
		{"transfer-basis", "basis: adequacy decision", "basis: ''", "value.transfers[0].basis is not of the type text"},
	}
	for _, tt := range tests {
		t.Run(tt.fact+" "+tt.new, func(t *testing.T) {
			good := statementAbout(t, tt.fact)
			text := strings.Replace(good, tt.old, tt.new, 1)
			if text == good {
				t.Fatal("the statement wasn't changed")
			}
			if check := checksOf(t, readStatements(t, importOptions(), text)[0])["fact"]; !strings.Contains(check, tt.want) {
				t.Errorf("check fact = %q, want %q", check, tt.want)
			}
		})
	}
}

// factsMarkdown writes the facts as docs/attestations.md lists them.
func factsMarkdown() string {
	var b strings.Builder
	for _, fact := range collectors.Facts() {
		b.WriteString("### " + fact.Name + "\n\n" + strings.ToUpper(fact.About[:1]) + fact.About[1:] + ".\n\n")
		b.WriteString("| field | type | required | meaning |\n|---|---|---|---|\n")
		fieldsMarkdown(&b, "", fact.Fields, fact.TextHash)
		b.WriteString("\n```yaml\nvalue:\n  " + strings.ReplaceAll(fact.Example, "\n", "\n  ") + "\n```\n\n")
	}
	return b.String()
}

func fieldsMarkdown(b *strings.Builder, prefix string, fields []collectors.FactField, textHash bool) {
	for _, field := range fields {
		required := "no"
		if field.Required || textHash && field.Name == "textSha256" {
			required = "yes"
		}
		kind := string(field.Type)
		if len(field.Words) > 0 {
			kind = strings.Join(field.Words, ", ")
		}
		b.WriteString("| `" + prefix + field.Name + "` | " + kind + " | " + required + " | " + field.About + " |\n")
		inner := prefix + field.Name + "."
		if field.Type == collectors.FactList {
			inner = prefix + field.Name + "[]."
		}
		fieldsMarkdown(b, inner, field.Fields, false)
	}
}

func TestFactsDocumented(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "docs", "attestations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(data), "<!-- facts: as collectors.Facts lists them -->\n\n")
	section, _, ends := strings.Cut(after, "<!-- end of facts -->")
	if !found || !ends {
		t.Fatal("docs/attestations.md has no section of facts between its two comments")
	}
	if diff := cmp.Diff(factsMarkdown(), section); diff != "" {
		t.Errorf("docs/attestations.md differs from collectors.Facts (-table +document):\n%s", diff)
	}
}

// TestFactsAreClassified: of every field that a statement's value may have it is said what it tells
// of a person; one that isn't listed would be left out of pseudonymised evidence.
func TestFactsAreClassified(t *testing.T) {
	schema, err := evidence.SchemaOf("attestations")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, held := range schema.HeldBy() {
		if name, of := strings.CutPrefix(held.Path, "value...."); of {
			listed[name] = true
		}
	}
	named := map[string]bool{}
	var visit func(fields []collectors.FactField)
	visit = func(fields []collectors.FactField) {
		for _, field := range fields {
			named[field.Name] = true
			visit(field.Fields)
		}
	}
	for _, fact := range collectors.Facts() {
		visit(fact.Fields)
	}
	if diff := cmp.Diff(named, listed); diff != "" {
		t.Errorf("x-members of value in schema/attestations.json differ (-facts +schema):\n%s", diff)
	}
}
