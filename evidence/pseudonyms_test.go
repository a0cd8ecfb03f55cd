package evidence_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/pseudonym"
)

const pseudonymTenant = "3f0c1d7e-0000-4000-8000-000000000001"

func newPseudonyms(t *testing.T) *pseudonym.Key {
	t.Helper()
	key, err := pseudonym.New([]byte("correct horse battery staple, and then some"), pseudonymTenant, nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestEveryTextIsClassified: of every text of every kind its schema says what it holds, so that a new
// field can't be shown by mistake.
func TestEveryTextIsClassified(t *testing.T) {
	texts, personal := 0, 0
	for _, kind := range evidence.Kinds() {
		schema, err := evidence.SchemaOf(kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, held := range schema.HeldBy() {
			texts++
			if held.Personal() {
				personal++
			}
			if !held.Known() {
				t.Errorf("schema/%s.json: %s has x-holds %q: say with one of the words of pseudonyms.go what it tells of a person, none if nothing", kind, held.Path, held.Holds)
			}
		}
	}
	if texts < 400 || personal < 100 {
		t.Errorf("%d texts, %d of them personal; the schemas were not looked through", texts, personal)
	}
}

// written writes objects of kinds with pseudonyms and returns the bundle's folder.
func written(t *testing.T, key *pseudonym.Key, kinds map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "evidence")
	at := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	writer, err := evidence.Create(dir, evidence.Manifest{Tenant: evidence.Tenant{ID: pseudonymTenant, Name: "Contoso", Cloud: "global"}, Started: at})
	if err != nil {
		t.Fatal(err)
	}
	writer.Pseudonymise(key)
	if err := writer.Reader(evidence.Reader{TenantID: pseudonymTenant, AppID: "8d1f0a52-0000-4000-8000-000000000001"}); err != nil {
		t.Fatal(err)
	}
	writer.Gap(evidence.Gap{Kind: "groups", Reason: evidence.NoPermission, Permission: "Group.Read.All", Message: `The permission 'Group.Read.All' is missing; "Adele Vance" (8a1f0c52-0000-4000-8000-000000000011) has it.`})
	writer.Request(evidence.Request{Method: "GET", URL: "https://graph.microsoft.com/v1.0/groups/8a1f0c52-0000-4000-8000-000000000011/transitiveMembers?$select=id,userPrincipalName&$filter=id%20eq%20'8a1f0c52-0000-4000-8000-000000000011'&$skiptoken=YWRlbGVAY29udG9zby5leGFtcGxl"})
	for kind, object := range kinds {
		out, err := writer.Kind(evidence.Entry{Kind: kind, Tier: evidence.API, API: "GET graph: " + kind, Time: at})
		if err != nil {
			t.Fatal(err)
		}
		if err := out.WriteOnce(json.RawMessage(object), false); err != nil {
			t.Fatal(err)
		}
		if err := out.WriteOnce(json.RawMessage(object), false); !errors.Is(err, evidence.ErrTwice) {
			t.Errorf("writing an object of %s twice: %v, want ErrTwice", kind, err)
		}
		if err := out.Checkpoint(evidence.Checkpoint{Count: -1, Next: "https://graph.microsoft.com/next"}); err != nil {
			t.Fatal(err)
		}
		out.Complete()
	}
	if _, err := os.Stat(dir + ".journal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a journal stands beside the bundle: %v", err)
	}
	if _, err := writer.Close(at); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPseudonymised(t *testing.T) {
	key := newPseudonyms(t)
	const adele, group, graph = "8a1f0c52-0000-4000-8000-000000000011", "9a1f0c52-0000-4000-8000-000000000012", "00000003-0000-0000-c000-000000000000"
	tests := []struct{ kind, object, want string }{
		{
			"users", `{"id":"` + strings.ToUpper(adele) + `","displayName":"Adele Vance","userPrincipalName":"Adele@contoso.example","accountEnabled":true,"usageLocation":"DE","assignedPlans":[],"mail":"adele@contoso.example","employeeId":7}`,
			`{"accountEnabled":true,"assignedPlans":[],"displayName":"` + key.Name("user", "Adele Vance") + `","id":"` + key.ID(adele) + `","usageLocation":"DE","userPrincipalName":"` + key.UPN("adele@contoso.example") + `"}`,
		},
		{ // what is of another type than the schema says may hold anything
			"groups", `{"id":{"adele":"vance"},"displayName":["Adele Vance"],"isAssignableToRole":"Adele Vance","onPremisesSyncEnabled":null,"preferredDataLocation":4711}`,
			`{"displayName":null,"id":null,"isAssignableToRole":null,"onPremisesSyncEnabled":null,"preferredDataLocation":null}`,
		},
		{ // of two members of one name the last counts, as everywhere
			"sign_in_activity", `{"id":"` + group + `","id":"` + adele + `","signInActivity":{"lastSignInDateTime":"2026-11-01T00:00:00Z","lastSignInRequestId":"x"}}`,
			`{"id":"` + key.ID(adele) + `","signInActivity":{"lastSignInDateTime":"2026-11-01T00:00:00Z"}}`,
		},
		{ // applications of Microsoft's keep id and name
			"service_principals", `{"id":"` + adele + `","appId":"` + graph + `","displayName":"Microsoft Graph","tags":["a"]}`,
			`{"appId":"` + graph + `","displayName":"Microsoft Graph","id":"` + key.ID(adele) + `","tags":["` + key.Name("text", "a") + `"]}`,
		},
		{
			"conditional_access", `{"id":"p","displayName":"Block Adele","conditions":{"users":{"includeUsers":["All","` + adele + `"]},"applications":{"applicationFilter":{"mode":"include","rule":"x -eq \"adele\""}}}}`,
			`{"conditions":{"applications":{"applicationFilter":{"mode":"include","rule":"` + key.Name("text", `x -eq "adele"`) + `"}},"users":{"includeUsers":["All","` + key.ID(adele) + `"]}},"displayName":"` + key.Name("policy", "Block Adele") + `","id":"p"}`,
		},
		{
			"consent_events", `{"targetResources":[{"modifiedProperties":[{"displayName":"AppRole.Value","newValue":"\"Mail.Read\""},{"displayName":"ServicePrincipal.ObjectID","newValue":"\"` + adele + `\""},{"displayName":"User.DisplayName","newValue":"\"Adele Vance\""},{"displayName":"ConsentAction.Permissions","newValue":"[[Id: iGh-lAPp, ClientId: ` + adele + `, Scope: Mail.Read]]"}]}]}`,
			`{"targetResources":[{"modifiedProperties":[{"displayName":"AppRole.Value","newValue":"\"Mail.Read\""},{"displayName":"ServicePrincipal.ObjectID","newValue":"\"` + key.ID(adele) + `\""},{"displayName":"User.DisplayName","newValue":"` + key.Name("text", `"Adele Vance"`) + `"},{"displayName":"ConsentAction.Permissions","newValue":"[[Id: ` + key.ID("iGh-lAPp") + `, ClientId: ` + key.ID(adele) + `, Scope: Mail.Read]]"}]}]}`,
		},
		{ // whoever wrote the query may have named people in it
			"access_reviews", `{"scope":{"query":"/users?$filter=(userType eq 'Guest' and startswith(displayName,'Adele'))","queryRoot":"/groups/` + group + `"}}`,
			`{"scope":{"query":"/users?$filter=(userType eq 'Guest' and startswith(displayName,'` + key.Name("text", "Adele") + `'))","queryRoot":"/groups/` + key.ID(group) + `"}}`,
		},
		{ // a digest would confirm a guess at who saved the file
			"exchange_organization", `{"Name":"contoso","savedBy":"adele@contoso.example","sha256":"7a9920be981fe03b8cbf2798d4e86a59571a9dfb78b8d3d101a370d8bfe2232c"}`,
			`{"Name":"contoso","savedBy":"` + key.UPN("adele@contoso.example") + `","sha256":"` + key.ID("7a9920be981fe03b8cbf2798d4e86a59571a9dfb78b8d3d101a370d8bfe2232c") + `"}`,
		},
		{
			"directory_settings", `{"values":[{"name":"a","value":"true"},{"name":"b","value":"` + group + `"},{"name":"c","value":"Adele,Lee"},{"name":"d","value":""}]}`,
			`{"values":[{"name":"a","value":"true"},{"name":"b","value":"` + key.ID(group) + `"},{"name":"c","value":"` + key.Name("text", "Adele,Lee") + `"},{"name":"d","value":""}]}`,
		},
		{
			"sites", `{"id":"contoso.example,` + adele + `","webUrl":"https://contoso-my.example/personal/adele_contoso_example","siteCollection":{"hostname":"contoso-my.example"}}`,
			`{"id":"contoso.example,` + key.ID(adele) + `","siteCollection":{"hostname":"contoso-my.example"},"webUrl":"https://contoso-my.example/` + strings.ReplaceAll(key.Name("site", "https://contoso-my.example/personal/adele_contoso_example"), " ", "-") + `"}`,
		},
		{
			"attestations", `{"file":"by-adele.yaml","value":{"decidedBy":"Adele Vance","acceptedBy":{"upn":"adele@contoso.example","objectId":"` + adele + `","roleAtTheTime":"Global Reader","phone":"1"},"supportTicket":"SR-1 of adele@contoso.example","transfers":[{"geo":"EU","note":"Adele"}]},"checks":[{"name":"people","ok":false,"message":"\"Lee\" is not Adele"},{"name":"signature","ok":true,"message":"signed by Adele"}]}`,
			`{"checks":[{"message":"\"` + key.Name("text", "Lee") + `\" is not Adele","name":"people","ok":false},{"message":"","name":"signature","ok":true}],"file":"` + key.Name("file", "by-adele.yaml") + `","value":{"acceptedBy":{"objectId":"` + key.ID(adele) + `","roleAtTheTime":"Global Reader","upn":"` + key.UPN("adele@contoso.example") + `"},"decidedBy":"` + key.Name("person", "Adele Vance") + `","supportTicket":"SR-1 of ` + key.UPN("adele@contoso.example") + `","transfers":[{"geo":"EU"}]}}`,
		},
		{
			"hunting_probe", `{"table":"AlertInfo","message":"Failed to resolve table of Adele","days":{"2026-11-01":{"Microsoft Teams":3}}}`,
			`{"days":{"2026-11-01":{"Microsoft Teams":3}},"message":"failed to resolve table, ` + key.Name("text", "Failed to resolve table of Adele") + `","table":"AlertInfo"}`,
		},
	}
	objects := map[string]string{}
	for _, tt := range tests {
		objects[tt.kind] = tt.object
	}
	dir := written(t, key, objects)
	for _, tt := range tests {
		data, err := os.ReadFile(filepath.Join(dir, tt.kind+".ndjson"))
		if diff := cmp.Diff(decoded(t, tt.want), decoded(t, string(data))); err != nil || diff != "" {
			t.Errorf("%s (-want +got): %v\n%s", tt.kind, err, diff)
		}
	}
	bundle, err := evidence.Verify(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := bundle.Manifest
	if m.Pseudonyms != key.Fingerprint() || m.Reader.AppID != key.ID("8d1f0a52-0000-4000-8000-000000000001") {
		t.Errorf("the manifest names the key %q and the reader %q", m.Pseudonyms, m.Reader.AppID)
	}
	if want := `The permission 'Group.Read.All' is missing; "` + key.Name("text", "Adele Vance") + `" (` + key.ID(adele) + `) has it.`; m.Gaps[0].Message != want {
		t.Errorf("the gap says %q, want %q", m.Gaps[0].Message, want)
	}
	requests, err := os.ReadFile(filepath.Join(dir, "requests.ndjson"))
	if want := "/groups/" + key.ID(adele) + "/transitiveMembers?$select=id,userPrincipalName&$filter=id eq '" + key.ID(adele) + "'&$skiptoken=" + key.ID("YWRlbGVAY29udG9zby5leGFtcGxl"); err != nil || !strings.Contains(string(requests), want) {
		t.Errorf("requests.ndjson = %s, %v, want %s in it", requests, err, want)
	}
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// TestOnlyWhatIsNonePasses writes an object of every kind in which each text is an id of its own, and
// looks for these ids: those of texts that tell nothing of a person stay, the others don't.
func TestOnlyWhatIsNonePasses(t *testing.T) {
	key := newPseudonyms(t)
	for _, kind := range evidence.Kinds() {
		schema, err := evidence.SchemaOf(kind)
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]string{} // by path
		object, err := json.Marshal(filled(schema.Root, "", ids))
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(written(t, key, map[string]string{kind: string(object)}), kind+".ndjson"))
		if err != nil {
			t.Fatal(err)
		}
		for _, held := range schema.HeldBy() {
			id := ids[held.Path]
			if stays := strings.Contains(string(data), id); id == "" || stays == held.Personal() {
				t.Errorf("%s %s, which holds %s: %q stays: %t", kind, held.Path, held.Holds, id, stays)
			}
		}
		if strings.Contains(string(data), "unlisted") {
			t.Errorf("%s: members that the schema doesn't list are written:\n%s", kind, data)
		}
	}
}

// filled is a value of a schema in which each text is an id, noted by its path, and each object has a
// member that the schema doesn't list.
func filled(schema map[string]any, path string, ids map[string]string) any {
	inside := func(name string) string { return strings.TrimPrefix(path+"."+name, ".") }
	text := func(path string) string {
		ids[path] = fmt.Sprintf("8a1f0c52-0000-4000-8000-%012x", len(ids)+1)
		return ids[path]
	}
	if items, list := schema["items"].(map[string]any); list {
		return []any{filled(items, path+"[]", ids)}
	}
	object := map[string]any{"unlisted": "unlisted"}
	if others, open := schema["additionalProperties"].(map[string]any); open {
		object = map[string]any{"some": filled(others, inside("*"), ids)}
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, property := range properties {
		property, _ := property.(map[string]any)
		object[name] = filled(property, inside(name), ids)
	}
	members, free := schema["x-members"].(map[string]any)
	for name := range members {
		object[name] = text(inside("..." + name))
	}
	types, _ := schema["type"].([]any)
	switch {
	case properties != nil || free || schema["additionalProperties"] != nil:
		return object
	case slices.Contains(types, any("string")) || schema["type"] == "string":
		return text(path)
	default:
		return 1
	}
}

// TestManifestsNameKeysByFingerprints: nothing else may stand there.
func TestManifestsNameKeysByFingerprints(t *testing.T) {
	dir := written(t, newPseudonyms(t), nil)
	path := filepath.Join(dir, "manifest.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(data), newPseudonyms(t).Fingerprint(), "<b>16 letters</b>", 1)
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.Open(dir); err == nil || !strings.Contains(err.Error(), "no fingerprint") {
		t.Errorf("Open() = %v, want the fingerprint refused", err)
	}
}
