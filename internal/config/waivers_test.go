package config_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
)

const oneWaiver = `# What we accept.
version: 1
waivers:
  - rule: GEO1009
    resource: {kind: user, id: "0012"}   # Ada
    reason: |
      She moves in March,
      with her mailbox.
    owner: ada@contoso.com
    approver: 'bob@contoso.com'
    ticket: "4711"
    approved: 2026-11-01
    expires: 2027-03-31
`

func TestParseWaivers(t *testing.T) {
	accepted := "  - rule: GEO1001\n    resource:\n      kind: tenant\n      id: \"*\"\n    accept: unknown\n    reason: \"no interface\"\n    owner: a\n    approver: b\n    ticket: T\n    approved: 2026-11-01\n    from: 2026-12-01\n    expires: 2027-12-01\n"
	got, err := config.ParseWaivers([]byte(oneWaiver+accepted), "waivers.yaml", 365)
	want := []findings.Waiver{
		findings.Waiver{
			Rule: "GEO1009", Resource: findings.Selector{Kind: "user", ID: "0012"}, Reason: "She moves in March,\nwith her mailbox.",
			Owner: "ada@contoso.com", Approver: "bob@contoso.com", Ticket: "4711", Approved: "2026-11-01", Expires: "2027-03-31",
		}.Identify(),
		findings.Waiver{
			Rule: "GEO1001", Resource: findings.Selector{Kind: "tenant", ID: "*"}, Accept: findings.Unknown, Reason: "no interface",
			Owner: "a", Approver: "b", Ticket: "T", Approved: "2026-11-01", From: "2026-12-01", Expires: "2027-12-01",
		}.Identify(),
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("ParseWaivers() = %v, differs (-want +got):\n%s", err, diff)
	}
	if got, err := config.ParseWaivers([]byte("version: 1\nwaivers: []\n"), "w", 365); err != nil || got == nil || len(got) != 0 {
		t.Errorf("ParseWaivers() of an empty list = %v, %v, want one that is not nil", got, err)
	}
}

// wrongWaivers are texts that are refused, and what is said of them.
func wrongWaivers() []struct{ name, text, says string } {
	with := func(old, changed string) string { return strings.Replace(oneWaiver, old, changed, 1) }
	return []struct{ name, text, says string }{
		{"nothing", "", "it is empty"},
		{"a list", "- 1\n", "w.yaml:1: sequence is no mapping"},
		{"no version", with("version: 1\n", ""), "w.yaml:2: write version: 1"},
		{"another version", with("version: 1", "version: 2"), "write version: 1"},
		{"no list", "version: 1\n", "waivers is missing"},
		{"a list that is none", "version: 1\nwaivers: {a: b}\n", "w.yaml:2: waivers is no list"},
		{"an unknown member", with("ticket:", "tocket:"), `w.yaml:11: unknown member "tocket"`},
		{"an unknown member at the top", oneWaiver + "colour: red\n", `w.yaml:14: unknown member "colour"`},
		{"an unknown member of the resource", with("kind: user", "sort: user"), `w.yaml:5: unknown member "sort"`},
		{"an id of its own", with("ticket:", "id: W-1\n    ticket:"), `unknown member "id"`},
		{"a member twice", with("ticket: \"4711\"", "ticket: \"4711\"\n    ticket: x"), "already defined"},
		{"a number", with(`"4711"`, "4711"), "w.yaml:11: ticket is no text but integer; write it in quotes"},
		{"a list for a text", with("owner: ada@contoso.com", "owner: [ada, eve]"), "w.yaml:9: owner is no text but sequence"},
		{"a text for a resource", with(`{kind: user, id: "0012"}`, "user"), "w.yaml:5: string is no mapping"},
		{"a member missing", with("    approver: 'bob@contoso.com'\n", ""), "w.yaml:4: approver is missing"},
		{"a member empty", with("ada@contoso.com", ""), "w.yaml:9: owner is missing"},
		{"no resource", with(`    resource: {kind: user, id: "0012"}   # Ada`+"\n", ""), "resource.kind is missing"},
		{"one person", with("'bob@contoso.com'", "ada@contoso.com"), "w.yaml:9: owner and approver are both"},
		{"a term too long", with("2027-03-31", "2028-03-31"), "w.yaml:13: expires 2028-03-31: from 2026-11-01 that is longer than the 365 days"},
		{"a day that is none", with("2027-03-31", "2027-02-30"), `w.yaml:13: expires "2027-02-30" is no day`},
		{"two mistakes", with("2027-03-31", "soon\n    accept: pass"), "w.yaml:14: accept is \"pass\"; write fail or unknown\nw.yaml:13: expires \"soon\" is no day"},
		{"the same twice", oneWaiver + strings.SplitAfter(oneWaiver, "waivers:\n")[1], "w.yaml:14: the waiver on line 4 is for the same"},
		{"an anchor", with("rule: GEO1009", "rule: &r GEO1009"), "rule is no text but anchor"},
		{"an anchored list", with("waivers:", "waivers: &all"), "waivers is no list but anchor"},
		{"a merged mapping", with("rule: GEO1009", "<<: {rule: GEO1009}"), `unknown member "<<"`},
		{"a tag", with("reason: |", "reason: !!str |"), "reason is no text but tag"},
		{"a second document", oneWaiver + "---\n" + oneWaiver, "several documents"},
		{"broken syntax", "version: 1\nwaivers: [\n", "w.yaml: [2:"},
		{"deep brackets", "version: 1\nwaivers: " + strings.Repeat("[", 1<<20), "no waiver is longer than"},
		{"deep dashes", "version: 1\nwaivers:\n  " + strings.Repeat("- ", 1<<18), "line 3: a list of lists"},
		{"many members", "version: 1\nwaivers:\n- " + strings.Repeat("a: b\n  ", 1<<16), "no waiver is longer than"},
		{"a huge file", "#" + strings.Repeat("x", 2<<20), "larger than"},
		{"too many waivers", "version: 1\nwaivers:\n" + strings.Repeat("- a\n", 5001), "5001 waivers are more than 5000"},
		{"too many mistakes", "version: 1\nwaivers:\n" + strings.Repeat("- a\n", 100), "and 80 mistakes more"},
	}
}

func TestParseWaiversRefuses(t *testing.T) {
	for _, tt := range wrongWaivers() {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := config.ParseWaivers([]byte(tt.text), "w.yaml", 365); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("ParseWaivers() = %v, want an error that says %q", err, tt.says)
			}
		})
	}
}

func TestReadWaivers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.yaml")
	if _, err := config.ReadWaivers(path, 365); err == nil || !strings.Contains(err.Error(), "there is no file "+path) {
		t.Errorf("ReadWaivers() of no file = %v", err)
	}
	write(t, path, oneWaiver)
	if got, err := config.ReadWaivers(path, 365); err != nil || len(got) != 1 {
		t.Errorf("ReadWaivers() = %v, %v", got, err)
	}
	if _, err := config.ReadWaivers(path, 30); err == nil || !strings.Contains(err.Error(), path+":13: expires 2027-03-31") {
		t.Errorf("ReadWaivers() of a term that is too long = %v", err)
	}
}

// TestWaiversPath: a tenant's own file goes over the general one, and both start at the
// configuration's folder.
func TestWaiversPath(t *testing.T) {
	general := parse(t, one+"waivers: all.yaml\n")
	own := parse(t, one+"    waivers: own.yaml\nwaivers: all.yaml\n")
	for _, tt := range []struct {
		cfg    *config.Config
		tenant *config.Tenant
		want   string
	}{
		{parse(t, one), nil, ""},
		{general, nil, filepath.Join("conf", "all.yaml")},
		{general, &general.Tenants[0], filepath.Join("conf", "all.yaml")},
		{own, &own.Tenants[0], filepath.Join("conf", "own.yaml")},
		{own, nil, filepath.Join("conf", "all.yaml")},
	} {
		if got := tt.cfg.WaiversPath(tt.tenant); got != tt.want {
			t.Errorf("WaiversPath() = %q, want %q", got, tt.want)
		}
	}
}

// TestWaiversSchema: the published schema takes what the reader takes, and refuses what it
// refuses for its shape.
func TestWaiversSchema(t *testing.T) {
	var document any
	if err := json.Unmarshal(config.WaiversSchema(), &document); err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("w", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("w")
	if err != nil {
		t.Fatal(err)
	}
	validate := func(text string) error {
		encoded, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			return err
		}
		instance, err := jsonschema.UnmarshalJSON(strings.NewReader(string(encoded)))
		if err != nil {
			return err
		}
		return schema.Validate(instance)
	}
	if err := validate(oneWaiver); err != nil {
		t.Errorf("the schema refuses a sound file: %v", err)
	}
	byMeaning := map[string]bool{
		"one person": true, "a term too long": true, "the same twice": true, "an anchor": true, "an anchored list": true, "a merged mapping": true,
		"a tag": true, "a second document": true, "deep brackets": true, "deep dashes": true, "many members": true, "a huge file": true,
	}
	for _, tt := range wrongWaivers() {
		if !byMeaning[tt.name] && validate(tt.text) == nil {
			t.Errorf("the schema takes %s", tt.name)
		}
	}
}

// FuzzParseWaivers: no text makes the reader panic, and what it takes is sound.
func FuzzParseWaivers(f *testing.F) {
	f.Add(oneWaiver)
	for _, tt := range wrongWaivers() {
		if len(tt.text) < 1000 {
			f.Add(tt.text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := config.ParseWaivers([]byte(text), "w.yaml", 365)
		if err != nil {
			if strings.ContainsFunc(fmt.Sprint(err), func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) {
				t.Errorf("ParseWaivers() = %q", err)
			}
			return
		}
		for _, waiver := range got {
			if err := waiver.Check(365); err != nil || waiver.ID == "" {
				t.Errorf("the waiver %+v was taken: %v", waiver, err)
			}
		}
	})
}
