package reports_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/domicile-audit/domicile/findings"
)

// The schema is OASIS's own, errata 01.
func TestSARIFIsValid(t *testing.T) {
	schema := outside(t, "sarif-schema-2.1.0.json", "")
	all := fixtures()
	all["many"] = many(2000)
	for _, s := range append(hostile(), "", "bad\xffbytes", "\x00") {
		all["seeded with "+s] = seeded(s)
	}
	for _, format := range []string{"sarif", "sarif-github"} {
		for tenant, result := range all {
			validate(t, schema, format+" of "+tenant, render(t, format, result))
		}
	}
}

// outside compiles a part of somebody else's schema, which is not in the repository.
func outside(t *testing.T, file, part string) *jsonschema.Schema {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "schemas", file)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the schema %s is not beside the repository, so the reports are not held to it", file)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(path + part)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(t *testing.T, schema *jsonschema.Schema, what string, made []byte) {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(made))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document); err != nil {
		t.Errorf("the report %s: %v", what, err)
	}
}

func TestSARIFHasNoNull(t *testing.T) {
	for tenant, result := range fixtures() {
		var document any
		decode(t, "sarif", render(t, "sarif", result), &document)
		if path, found := findNull(document, "$"); found {
			t.Errorf("the SARIF report of %s has null at %s", tenant, path)
		}
	}
}

func findNull(value any, path string) (string, bool) {
	switch value := value.(type) {
	case nil:
		return path, true
	case map[string]any:
		for key, element := range value {
			if at, found := findNull(element, path+"."+key); found {
				return at, true
			}
		}
	case []any:
		for i, element := range value {
			if at, found := findNull(element, path+"["+strconv.Itoa(i)+"]"); found {
				return at, true
			}
		}
	}
	return "", false
}

func TestSARIFRules(t *testing.T) {
	file, _ := readSARIF(t, weak())
	run := file.Runs[0]
	if len(run.Tool.Driver.Rules) != len(specs()) {
		t.Fatalf("%d rules, want %d", len(run.Tool.Driver.Rules), len(specs()))
	}
	for _, rule := range run.Tool.Driver.Rules {
		score, err := strconv.ParseFloat(rule.Properties.SecuritySeverity, 64)
		if err != nil || score < 0 || score > 10 {
			t.Errorf("%s: security-severity %q is not a number from 0.0 to 10.0", rule.ID, rule.Properties.SecuritySeverity)
		}
		if !slices.Contains(rule.Properties.Tags, "security") || len(rule.Properties.Tags) > 10 {
			t.Errorf("%s: tags %q lack security or are more than ten", rule.ID, rule.Properties.Tags)
		}
		if rule.Name == "" || rule.Name == rule.ID || strings.ContainsAny(rule.Name, " '-") {
			t.Errorf("%s: the name %q is not PascalCase", rule.ID, rule.Name)
		}
		for what, said := range map[string]string{"shortDescription": rule.ShortDescription.Text, "fullDescription": rule.FullDescription.Text, "help": rule.Help.Text} {
			if !strings.HasSuffix(said, ".") {
				t.Errorf("%s: the %s %q doesn't end with a full stop", rule.ID, what, said)
			}
		}
		if !strings.Contains(rule.Help.Markdown, "1. Open") || rule.HelpURI != "https://learn.microsoft.com/defender-xdr/data-privacy" {
			t.Errorf("%s: help %q and helpUri %q don't say how to mend it", rule.ID, rule.Help.Markdown, rule.HelpURI)
		}
		if len(rule.Relationships) != 4 {
			t.Errorf("%s: %d relationships to controls, want 4", rule.ID, len(rule.Relationships))
		}
		for _, related := range rule.Relationships {
			target := related.Target
			taxonomy := run.Taxonomies[target.ToolComponent.Index]
			if taxonomy.Name != target.ToolComponent.Name || taxonomy.Taxa[target.Index].ID != target.ID {
				t.Errorf("%s: the relationship to %s %s points elsewhere", rule.ID, target.ToolComponent.Name, target.ID)
			}
		}
	}
}

func TestSARIFResults(t *testing.T) {
	all := fixtures()
	all["many"] = many(500)
	for tenant, result := range all {
		file, _ := readSARIF(t, result)
		run := file.Runs[0]
		seen := map[string]bool{}
		for i, got := range run.Results {
			if got.RuleIndex < 0 || got.RuleIndex >= len(run.Tool.Driver.Rules) || run.Tool.Driver.Rules[got.RuleIndex].ID != got.RuleID {
				t.Errorf("%s, result %d: ruleIndex %d is not %s", tenant, i, got.RuleIndex, got.RuleID)
			}
			if (got.Kind == "fail") == (got.Level == "none") {
				t.Errorf("%s, result %d: kind %s has level %s", tenant, i, got.Kind, got.Level)
			}
			if !strings.HasSuffix(got.Message.Text, ".") {
				t.Errorf("%s, result %d: the message %q doesn't end with a full stop", tenant, i, got.Message.Text)
			}
			hash := got.PartialFingerprints["primaryLocationLineHash"]
			if hash == "" || seen[got.RuleID+hash] {
				t.Errorf("%s, result %d: the fingerprint %q is empty or stands twice", tenant, i, hash)
			}
			seen[got.RuleID+hash] = true
			if len(got.Locations) != 1 || got.Locations[0].PhysicalLocation.ArtifactLocation.URI == "" || got.Locations[0].PhysicalLocation.Region.StartLine < 1 {
				t.Errorf("%s, result %d: it has no physical location with a line", tenant, i)
				continue
			}
			for _, place := range got.Locations[0].LogicalLocations {
				if place.ParentIndex == nil {
					if listed := run.LogicalLocations[place.Index]; listed != place {
						t.Errorf("%s, result %d: the tenant %v is listed as %v", tenant, i, place, tenant)
					}
				} else if parent := run.LogicalLocations[*place.ParentIndex]; !strings.HasPrefix(place.FullyQualifiedName, parent.FullyQualifiedName+"/") || parent.Kind != "module" {
					t.Errorf("%s, result %d: the logical location %s has the parent %s", tenant, i, place.FullyQualifiedName, parent.FullyQualifiedName)
				}
			}
		}
	}
}

func TestSARIFKinds(t *testing.T) {
	result := partial()
	edit(result, "LIC1003", func(r *findings.Rule) { r.Outcome = findings.Waived })
	file, _ := readSARIF(t, result)
	got := map[string]string{}
	for _, r := range file.Runs[0].Results {
		got[r.RuleID] = r.Kind
	}
	for id, want := range map[string]string{"LIC1001": "pass", "XDR1001": "open", "CONS1001": "review", "INT1004": "notApplicable", "LIC1003": "fail"} {
		if got[id] != want {
			t.Errorf("the kind of %s = %q, want %q", id, got[id], want)
		}
	}
}

func TestSARIFPlacesResults(t *testing.T) {
	file, _ := readSARIF(t, weak())
	lines := map[string]int{}
	for _, r := range file.Runs[0].Results {
		physical := r.Locations[0].PhysicalLocation
		if physical.ArtifactLocation.URI != "audit/domicile.yaml" {
			t.Fatalf("%s is at %s, want the configuration", r.RuleID, physical.ArtifactLocation.URI)
		}
		lines[r.RuleID] = physical.Region.StartLine
	}
	for id, want := range map[string]int{"GEO1002": 4, "ROLE1002": 5, "XDR1009": 9, "LIC1001": 1} {
		if lines[id] != want {
			t.Errorf("%s is on line %d of the configuration, want %d", id, lines[id], want)
		}
	}
	file, _ = readSARIF(t, partial())
	if got := file.Runs[0].Results[0].Locations[0].PhysicalLocation.ArtifactLocation.URI; got != "policies/consent/CONS1001.rego" {
		t.Errorf("without a configuration CONS1001 is at %s", got)
	}
}

func TestSARIFRun(t *testing.T) {
	file, data := readSARIF(t, weak())
	run := file.Runs[0]
	if got := run.Invocations[0]; got.ExitCode != 3 || !got.ExecutionSuccessful || got.ExitCodeDescription != "15 violations of 3 rules at or above high." {
		t.Errorf("invocation = %+v", got)
	}
	if run.AutomationDetails.ID != "domicile/"+tenantID+"/" {
		t.Errorf("automationDetails.id = %s", run.AutomationDetails.ID)
	}
	ids := map[string]bool{}
	for _, by := range []*findings.Selection{
		nil,
		{Frameworks: []string{"gdpr"}},
		{Frameworks: []string{"gdpr", "nis2"}},
		{Rules: []string{"gdpr"}},
		{Exclude: []string{"gdpr"}},
		{Rules: []string{"GEO*", "XDR*"}},
		{Rules: []string{"GEO*"}, Exclude: []string{"XDR*"}},
	} {
		part := weak()
		part.Selection = by
		chosen, _ := readSARIF(t, part)
		ids[chosen.Runs[0].AutomationDetails.ID] = true
	}
	if len(ids) != 7 {
		t.Errorf("runs of seven choices of rules have the ids %v, want one each", ids)
	}
	for _, artifact := range run.Artifacts[1:] {
		if artifact.Length != nil || len(artifact.Hashes["sha-256"]) != 64 {
			t.Errorf("artifact %s has length %v and hashes %v, want none and a sha-256", artifact.Location.URI, artifact.Length, artifact.Hashes)
		}
	}
	if strings.Contains(string(data), `\u003c`) || !strings.Contains(string(data), "<img src=x onerror=alert(1)>") {
		t.Error("text is HTML-escaped")
	}
	waived := 0
	for _, r := range run.Results {
		if strings.Contains(r.Message.Text, "[click here](") {
			t.Errorf("a name in the tenant makes a link in the message %q", r.Message.Text)
		}
		if len(r.Suppressions) > 0 {
			waived++
			status := map[string]string{"XDR1009": "accepted", "INT1004": "rejected"}[r.RuleID]
			if got := r.Suppressions[0]; got.Kind != "external" || got.Status != status {
				t.Errorf("suppression of %s = %+v", r.RuleID, r.Suppressions)
			}
			for _, said := range []string{"under contract", "ticket RISK-7", "owner soc@contoso.com", "approved by A. Auditor", "W-"} {
				if !strings.Contains(r.Suppressions[0].Justification, said) {
					t.Errorf("the justification of %s lacks %q: %s", r.RuleID, said, r.Suppressions[0].Justification)
				}
			}
		}
	}
	if waived != 2 {
		t.Errorf("%d results with a suppression, want 2", waived)
	}

	file, _ = readSARIF(t, partial())
	run = file.Runs[0]
	if got := len(run.Invocations[0].ToolExecutionNotifications); got != 6 {
		t.Errorf("%d notifications, want one for each of 6 gaps", got)
	}
	for _, told := range run.Invocations[0].ToolExecutionNotifications {
		if run.Tool.Driver.Notifications[told.Descriptor.Index].ID != told.Descriptor.ID {
			t.Errorf("the notification %s points elsewhere", told.Descriptor.ID)
		}
	}

	file, _ = readSARIF(t, empty())
	if got := file.Runs[0].Tool.Driver.Version; got != "0.0.0-dev" {
		t.Errorf("version dev is written as %q", got)
	}
}

// A resource that is renamed is the same result.
func TestSARIFFingerprintOutlivesARename(t *testing.T) {
	renamed := weak()
	for i := range renamed.Findings {
		renamed.Findings[i].Resource.Name = "renamed"
	}
	before, _ := readSARIF(t, weak())
	after, _ := readSARIF(t, renamed)
	for i, r := range before.Runs[0].Results {
		if got := after.Runs[0].Results[i].PartialFingerprints["primaryLocationLineHash"]; got != r.PartialFingerprints["primaryLocationLineHash"] {
			t.Errorf("result %d of %s changed its fingerprint", i, r.RuleID)
		}
	}
}
