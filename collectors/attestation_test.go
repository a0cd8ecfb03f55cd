package collectors_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

const goodStatement = `schemaVersion: 1
tenantId: 3F0C1D7E-0000-4000-8000-000000000001
cloud: global
fact: xdr-geo
value:
  geo: EU
  how: reviewed
observedAt: 2026-10-01T11:30:00+02:00
observedBy:
  upn: adele@contoso.example
  objectId: 8a1f0c52-0000-4000-8000-000000000011
  roleTemplateId: 194ae4cb-b126-40b2-bd5b-6091b380977d
method: Settings > Microsoft Defender XDR > Account
artefacts:
  - sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    mediaType: image/png
    description: screenshot
validUntil: 2027-10-01
reviewer:
  upn: diego@contoso.example
  objectId: 8a1f0c52-0000-4000-8000-000000000012
`

// checksOf are a statement's checks by name: the message of a failed one, "ok" otherwise.
func checksOf(t *testing.T, object map[string]any) map[string]string {
	t.Helper()
	checks := map[string]string{}
	list, _ := object["checks"].([]any)
	for _, item := range list {
		check, _ := item.(map[string]any)
		name, _ := check["name"].(string)
		checks[name], _ = check["message"].(string)
		if check["ok"] == true {
			checks[name] = "ok"
		}
	}
	return checks
}

func readStatements(t *testing.T, o collectors.ImportOptions, texts ...string) []map[string]any {
	t.Helper()
	var files []collectors.File
	for i, text := range texts {
		files = append(files, collectors.File{Name: fmt.Sprintf("%d.yaml", i), Data: []byte(text)})
	}
	imported, err := collectors.ReadAttestations(files, o)
	if err != nil {
		t.Fatalf("ReadAttestations = %v", err)
	}
	checkSchema(t, imported)
	return objectsOf(t, imported)
}

func TestReadAttestationsWithoutFiles(t *testing.T) {
	imported, err := collectors.ReadAttestations(nil, importOptions())
	if err != nil {
		t.Fatal(err)
	}
	if imported.Objects == nil || len(imported.Objects) != 0 || !imported.Complete || imported.Gap != nil || imported.Kind != "attestations" || imported.Tier != evidence.Attested {
		t.Errorf("ReadAttestations(none) = %+v, want the kind, empty and complete", imported)
	}
}

func TestReadAttestationsObject(t *testing.T) {
	sum := sha256.Sum256([]byte(goodStatement))
	check := func(name, message string) map[string]any {
		return map[string]any{"name": name, "ok": true, "message": message}
	}
	want := []map[string]any{{
		"schemaVersion": 1.0, "file": "0.yaml", "sha256": hex.EncodeToString(sum[:]),
		"tenantId": "3F0C1D7E-0000-4000-8000-000000000001", "cloud": "global", "fact": "xdr-geo",
		"value":      map[string]any{"geo": "EU", "how": "reviewed"},
		"observedAt": "2026-10-01T09:30:00Z", "validUntil": "2027-10-01T00:00:00Z",
		"observedBy": map[string]any{"upn": "adele@contoso.example", "objectId": "8a1f0c52-0000-4000-8000-000000000011", "roleTemplateId": "194ae4cb-b126-40b2-bd5b-6091b380977d"},
		"reviewer":   map[string]any{"upn": "diego@contoso.example", "objectId": "8a1f0c52-0000-4000-8000-000000000012"},
		"method":     "Settings > Microsoft Defender XDR > Account",
		"artefacts":  []any{map[string]any{"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "mediaType": "image/png", "description": "screenshot"}},
		"signed":     false,
		"checks": []any{
			check("tenant", ""), check("cloud", ""), check("dates", ""), check("people", ""),
			check("hash", ""), check("fact", ""), check("signature", "unsigned"),
		},
	}}
	if diff := cmp.Diff(want, readStatements(t, importOptions(), goodStatement)); diff != "" {
		t.Errorf("the statement differs (-want +got):\n%s", diff)
	}
}

func TestAttestationChecks(t *testing.T) {
	unknownTenant := importOptions()
	unknownTenant.Tenant = evidence.Tenant{}
	const screenshot = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	tests := []struct {
		name     string
		old, new string
		o        collectors.ImportOptions
		failed   map[string]string
	}{
		{"another tenant", "3F0C1D7E-0000-4000-8000-000000000001", tenantB, importOptions(), map[string]string{"tenant": tenantB}},
		{"no tenant id", "3F0C1D7E-0000-4000-8000-000000000001", "contoso", importOptions(), map[string]string{"tenant": "not a tenant id"}},
		{"unknown tenant", "", "", unknownTenant, map[string]string{"tenant": "not known", "cloud": "not known"}},
		{"another cloud", "cloud: global", "cloud: gcc", importOptions(), map[string]string{"cloud": "gcc"}},
		{"no cloud", "cloud: global\n", "", importOptions(), map[string]string{"cloud": "global"}},
		{"the future", "2026-10-01T11:30:00+02:00", "2026-11-21T09:00:01Z", importOptions(), map[string]string{"dates": "future"}},
		{"no time", "2026-10-01T11:30:00+02:00", "last week", importOptions(), map[string]string{"dates": "last week"}},
		{"no end", "validUntil: 2027-10-01", "validUntil: ''", importOptions(), map[string]string{"dates": "validUntil"}},
		{"end before start", "2027-10-01", "2026-09-30", importOptions(), map[string]string{"dates": "not after"}},
		{"expired", "2027-10-01", "2026-11-21T08:59:59Z", importOptions(), map[string]string{"dates": "was valid until"}},
		{"on its last moment", "2027-10-01", "2026-11-21T09:00:00Z", importOptions(), map[string]string{}},
		{"same object id", "8a1f0c52-0000-4000-8000-000000000012", "8A1F0C52-0000-4000-8000-000000000011", importOptions(), map[string]string{"people": "same person"}},
		{"same name", "diego@", "Adele@", importOptions(), map[string]string{"people": "same person"}},
		{"same name with a space", "upn: diego@contoso.example", `upn: "Adele@contoso.example "`, importOptions(), map[string]string{"people": "same person"}},
		{"an end that no rule reads", "2027-10-01", "9999-12-31", importOptions(), map[string]string{"dates": "9999-12-31"}},
		{"an end after the last year", "2027-10-01", "9999-12-31T23:59:59-12:00", importOptions(), map[string]string{"dates": "no time"}},
		{
			"a value yet to come", "fact: xdr-geo\nvalue:\n  geo: EU\n  how: reviewed\n",
			"fact: mdca-connector\nvalue: {enabled: true, openedAt: 2026-11-22}\n", importOptions(),
			map[string]string{"dates": "value.openedAt 2026-11-22T00:00:00Z is in the future"},
		},
		{"reviewer without id", "  objectId: 8a1f0c52-0000-4000-8000-000000000012\n", "", importOptions(), map[string]string{"people": "reviewer"}},
		{"observer without name", "  upn: adele@contoso.example\n", "", importOptions(), map[string]string{"people": "observedBy"}},
		{"id no id", "8a1f0c52-0000-4000-8000-000000000011", "adele", importOptions(), map[string]string{"people": "observedBy"}},
		{"hash too short", screenshot, "9f86d081", importOptions(), map[string]string{"hash": "no artefact"}},
		{"no artefact", "artefacts:\n  - sha256: " + screenshot + "\n    mediaType: image/png\n    description: screenshot\n", "", importOptions(), map[string]string{"hash": "no artefact"}},
		{"unknown fact", "xdr-geo", "xdr-mood", importOptions(), map[string]string{"fact": "xdr-mood"}},
		{"no value", "value:\n  geo: EU\n  how: reviewed\n", "", importOptions(), map[string]string{"fact": "value is missing"}},
		{"value a word", "value:\n  geo: EU\n  how: reviewed\n", "value: EU\n", importOptions(), map[string]string{"fact": "not a mapping"}},
		{"field missing", "  geo: EU\n", "", importOptions(), map[string]string{"fact": "value.geo is missing"}},
		{"field of another type", "geo: EU", "geo: [EU]", importOptions(), map[string]string{"fact": "value.geo is not of the type text"}},
		{"unknown word", "how: reviewed", "how: guessed", importOptions(), map[string]string{"fact": "chosen, reviewed, observed"}},
		{"unknown field", "how: reviewed", "region: EU", importOptions(), map[string]string{"fact": `unknown field "region"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := goodStatement
			if tt.old != "" {
				if text = strings.Replace(goodStatement, tt.old, tt.new, 1); text == goodStatement {
					t.Fatal("the statement wasn't changed")
				}
			}
			objects := readStatements(t, tt.o, text)
			if len(objects) != 1 {
				t.Fatalf("%d statements, want 1", len(objects))
			}
			for name, got := range checksOf(t, objects[0]) {
				want, fails := tt.failed[name]
				switch {
				case fails && (got == "ok" || !strings.Contains(got, want)):
					t.Errorf("check %s = %q, want a failure with %q", name, got, want)
				case !fails && got != "ok":
					t.Errorf("check %s = %q, want ok", name, got)
				}
			}
		})
	}
}

func TestAttestationOfUnreadableTimeIsKept(t *testing.T) {
	object := readStatements(t, importOptions(), strings.Replace(goodStatement, "2027-10-01", "some day", 1))[0]
	if object["validUntil"] != nil || object["observedAt"] != "2026-10-01T09:30:00Z" {
		t.Errorf("validUntil %v, observedAt %v; want null and the time", object["validUntil"], object["observedAt"])
	}
}

func TestAttestationTextNeedsItsHash(t *testing.T) {
	for _, fact := range []string{"terms-accepted", "location-exceptions"} {
		for _, hash := range []string{"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", ""} {
			text := statementAbout(t, fact)
			if hash == "" {
				text = strings.Replace(text, "  textSha256:", "  # textSha256:", 1)
			}
			check := checksOf(t, readStatements(t, importOptions(), text)[0])["hash"]
			if (check == "ok") != (hash != "") {
				t.Errorf("%s with text hash %q: check hash = %q", fact, hash, check)
			}
		}
	}
}

// statementAbout is the good statement about another fact, with the fact's example.
func statementAbout(t *testing.T, name string) string {
	t.Helper()
	for _, fact := range collectors.Facts() {
		if fact.Name == name {
			value := "value:\n  " + strings.ReplaceAll(fact.Example, "\n", "\n  ") + "\n"
			text := strings.Replace(goodStatement, "value:\n  geo: EU\n  how: reviewed\n", value, 1)
			return strings.Replace(text, "fact: xdr-geo", "fact: "+name, 1)
		}
	}
	t.Fatalf("no fact %s", name)
	return ""
}

func TestAttestationTimesInValuesAreNormalised(t *testing.T) {
	object := readStatements(t, importOptions(), statementAbout(t, "service-decision"))[0]
	value, _ := object["value"].(map[string]any)
	if value["decidedAt"] != "2026-10-01T00:00:00Z" || value["turnedOnAt"] != "2026-10-02T07:30:00Z" {
		t.Errorf("decidedAt %v, turnedOnAt %v", value["decidedAt"], value["turnedOnAt"])
	}
}

func TestReadAttestationsLists(t *testing.T) {
	indented := strings.ReplaceAll(strings.TrimPrefix(strings.TrimSuffix(goodStatement, "\n"), "schemaVersion: 1\n"), "\n", "\n    ")
	list := "schemaVersion: 1\nstatements:\n  - " + indented + "\n  - " + strings.Replace(indented, "xdr-geo", "mdi-geo", 1) + "\n"
	imported, err := collectors.ReadAttestations([]collectors.File{
		{Name: "b.yaml", Data: []byte(goodStatement)}, {Name: "a.yaml", Data: []byte(list)},
	}, importOptions())
	if err != nil {
		t.Fatal(err)
	}
	checkSchema(t, imported)
	var got []string
	for _, object := range objectsOf(t, imported) {
		got = append(got, fmt.Sprint(object["file"], " ", object["fact"]))
	}
	if diff := cmp.Diff([]string{"a.yaml xdr-geo", "a.yaml mdi-geo", "b.yaml xdr-geo"}, got); diff != "" {
		t.Errorf("the statements differ (-want +got):\n%s", diff)
	}
}

func TestReadAttestationsErrors(t *testing.T) {
	tests := []struct {
		name string
		text string
		want string
	}{
		{"unknown key", goodStatement + "colour: red\n", `line 22: unknown field "colour"`},
		{"unknown key of a person", strings.Replace(goodStatement, "  roleTemplateId:", "  role:", 1), "line 12: unknown field"},
		{"key twice", goodStatement + "cloud: gcc\n", "line 22: "},
		{"broken", "schemaVersion: 1\nvalue: [\n", "line 2: "},
		{"tab", "schemaVersion: 1\n\tcloud: x\n", "line 2: "},
		{"empty", "", "line 1: it holds no statement"},
		{"comment", "# later\n", "line 1: it holds no statement"},
		{"list at the top", "- fact: lockbox\n", "line 1: a statement is a mapping"},
		{"a word", "lockbox", "line 1: a statement is a mapping"},
		{"two documents", goodStatement + "---\n" + goodStatement, "line 23: a second document"},
		{"no version", strings.TrimPrefix(goodStatement, "schemaVersion: 1\n"), "line 1: schemaVersion is missing"},
		{"newer version", strings.Replace(goodStatement, "schemaVersion: 1", "schemaVersion: 2", 1), "line 1: schemaVersion 2 is not read"},
		{"version a word", strings.Replace(goodStatement, "schemaVersion: 1", "schemaVersion: one", 1), "line 1: "},
		{"no statements", "schemaVersion: 1\nstatements: []\n", "line 2: statements is not a list"},
		{"statements a word", "statements: x\n", "line 1: "},
		{"statement a word", "schemaVersion: 1\nstatements:\n  - hello\n", "line 3: "},
		{"unknown key beside statements", "schemaVersion: 1\nstatements:\n  - fact: lockbox\nowner: x\n", `line 4: unknown field "owner"`},
		{"unknown key in the list", "schemaVersion: 1\nstatements:\n  - fact: lockbox\n    colour: red\n", `line 4: unknown field "colour"`},
		{"alias", "schemaVersion: 1\nvalue: &a {x: 1}\nmethod: *a\n", "line 2: anchors"},
		{"merge", "schemaVersion: 1\nvalue: {<<: {x: 1}}\n", "line 2: anchors"},
		{"tag", "schemaVersion: 1\nvalue: !!binary aGVsbG8=\n", "line 2: anchors"},
		{"infinity", "schemaVersion: 1\nvalue: {days: .inf}\n", "line 2: it is no number"},
		{"deep brackets", "schemaVersion: 1\nvalue: " + strings.Repeat("[", 1000) + "\n", "line 2: it nests"},
		{"deep indentation", "schemaVersion: 1\n" + strings.Repeat(" ", 1000) + "value: 1\n", "line 2: it nests"},
		{"deep dashes", "value:\n" + strings.Repeat("- ", 500) + "x\n", "line 2: it nests"},
		{"large", "# " + strings.Repeat("x", 64<<10), "more than the 65536"},
		{"Latin-1", "method: caf\xe9\n", "neither UTF-8"},
		{"many", "schemaVersion: 1\nstatements:\n" + strings.Repeat("  - fact: lockbox\n", 101), "101 statements are more than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := collectors.ReadAttestations([]collectors.File{{Name: "geo.yaml", Data: []byte(tt.text)}}, importOptions())
			if err == nil || !strings.Contains(err.Error(), "geo.yaml: "+tt.want) && !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("ReadAttestations = %v, want an error with %q", err, tt.want)
			}
			if !strings.Contains(err.Error(), "geo.yaml") || strings.Contains(err.Error(), "\n") {
				t.Errorf("ReadAttestations = %q, want the file's name on one line", err)
			}
		})
	}
}

func TestReadAttestationsRefusesTooManyFiles(t *testing.T) {
	if _, err := collectors.ReadAttestations(make([]collectors.File, 1001), importOptions()); err == nil || !strings.Contains(err.Error(), "1001 files") {
		t.Errorf("ReadAttestations = %v, want an error with the number of files", err)
	}
}

func FuzzReadAttestations(f *testing.F) {
	f.Add([]byte(goodStatement))
	f.Add([]byte("schemaVersion: 1\nstatements:\n  - fact: lockbox\n    value: {enabled: true}\n"))
	for _, fact := range collectors.Facts() {
		f.Add([]byte("schemaVersion: 1\nfact: " + fact.Name + "\nvalue:\n  " + strings.ReplaceAll(fact.Example, "\n", "\n  ")))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		imported, err := collectors.ReadAttestations([]collectors.File{{Name: "f.yaml", Data: data}}, importOptions())
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has several lines: %q", err)
			}
			return
		}
		checkSchema(t, imported)
		for _, object := range objectsOf(t, imported) {
			if got := len(checksOf(t, object)); got != 7 {
				t.Errorf("%d checks, want 7", got)
			}
		}
	})
}
