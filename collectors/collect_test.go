package collectors_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

var now = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// source is a tenant of canned answers. A collection answers its pages; a path that has
// none is not found.
type source struct {
	granted map[collectors.API][]string
	pages   map[string][][]string
	counts  map[string]int
	docs    map[string]string
	fails   map[string]error
	hunts   map[string]string

	mu    sync.Mutex
	asked []string
}

func (s *source) note(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, path)
}

func (s *source) Granted(_ context.Context, api collectors.API) ([]string, error) {
	return s.granted[api], s.fails["token "+string(api)]
}

func (s *source) Get(_ context.Context, r collectors.Request) (collectors.Answer, error) {
	s.note(r.Path)
	if err := s.fails[r.Path]; err != nil {
		return collectors.Answer{}, err
	}
	doc, ok := s.docs[r.Path]
	if !ok {
		return collectors.Answer{}, &collectors.RefusalError{Status: 404, Code: "Request_ResourceNotFound"}
	}
	return collectors.Answer{Body: json.RawMessage(doc), Status: 200}, nil
}

func (s *source) List(_ context.Context, r collectors.Request) iter.Seq2[collectors.Page, error] {
	s.note(r.Path)
	return func(yield func(collectors.Page, error) bool) {
		path, _, _ := strings.Cut(r.Path, "?")
		for _, objects := range s.pages[path] {
			page := collectors.Page{Count: -1}
			if count, counted := s.counts[path]; counted {
				page.Count = count
			}
			for _, object := range objects {
				page.Objects = append(page.Objects, json.RawMessage(object))
			}
			again := yield(page, nil)
			for _, object := range page.Objects {
				clear(object) // whoever keeps a page's bytes is found out
			}
			if !again {
				return
			}
		}
		if err := s.fails[path]; err != nil {
			yield(collectors.Page{}, err)
		}
	}
}

func (s *source) Hunt(_ context.Context, query, _ string) (collectors.Answer, error) {
	table, _, _ := strings.Cut(query, " ")
	s.note("hunt " + table)
	if err := s.fails["hunt "+table]; err != nil {
		return collectors.Answer{}, err
	}
	return collectors.Answer{Body: json.RawMessage(s.hunts[table]), Status: 200}, nil
}

// collected is what a run left: the manifest and the lines of each kind.
type collected struct {
	evidence.Manifest
	lines map[string][]string
}

func collect(t *testing.T, s *source, o collectors.Options) (collected, error) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bundle")
	if o.Tenant.Cloud == "" {
		o.Tenant = evidence.Tenant{ID: "t", Name: "Contoso", Cloud: "global"}
	}
	o.Now = now
	writer, err := evidence.Create(dir, evidence.Manifest{Tenant: o.Tenant, Started: now})
	if err != nil {
		t.Fatal(err)
	}
	var from collectors.Source
	if s != nil {
		from = s
	}
	if err := collectors.Collect(t.Context(), from, writer, o); err != nil {
		return collected{}, errors.Join(err, writer.Abort())
	}
	manifest, err := writer.Close(now)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := evidence.Verify(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := collected{Manifest: manifest, lines: map[string][]string{}}
	for _, entry := range manifest.Kinds {
		for object, err := range bundle.Objects(entry.Kind) {
			if err != nil {
				t.Fatal(err)
			}
			got.lines[entry.Kind] = append(got.lines[entry.Kind], string(object))
		}
	}
	return got, nil
}

func graph(permissions ...string) map[collectors.API][]string {
	return map[collectors.API][]string{collectors.Graph: permissions}
}

func TestACollectionIsReadPageByPage(t *testing.T) {
	s := &source{
		granted: graph("User.Read.All"),
		pages:   map[string][][]string{"users": {{`{"id":"1","@odata.id":"x"}`, `{"id":"2"}`}, {}, {`{"id":"3"}`}}},
		counts:  map[string]int{"users": 3},
	}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"users"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`{"id":"1"}`, `{"id":"2"}`, `{"id":"3"}`}, got.lines["users"]); diff != "" {
		t.Errorf("users differ:\n%s", diff)
	}
	entry, _ := got.Entry("users")
	if !entry.Complete || entry.Pages != 3 || entry.Requests != 3 || entry.Tier != evidence.API {
		t.Errorf("entry = %+v, want 3 complete pages of tier api", entry)
	}
	if len(got.Gaps) != 0 {
		t.Errorf("gaps = %v, want none", got.Gaps)
	}
}

// TestWhatCantBeReadIsAGap tries each way in which a collection can fail.
func TestWhatCantBeReadIsAGap(t *testing.T) {
	refuse := func(r collectors.RefusalError) map[string]error { return map[string]error{"users": &r} }
	first := map[string][][]string{"users": {{`{"id":"1"}`}}}
	tests := []struct {
		name    string
		source  *source
		cloud   string
		kind    string
		reason  evidence.Reason
		lacks   string
		objects int // -1: the kind is missing
	}{
		{name: "the token lacks the permission", source: &source{granted: graph("Group.Read.All"), pages: first}, kind: "users", reason: evidence.NoPermission, lacks: "User.Read.All", objects: -1},
		{name: "refused although permitted", source: &source{fails: refuse(collectors.RefusalError{Status: 403, Code: "Authorization_RequestDenied"})}, kind: "users", reason: evidence.NoPermission, lacks: "User.Read.All", objects: -1},
		{name: "not licensed", source: &source{fails: refuse(collectors.RefusalError{Status: 403, Code: "AadPremiumLicenseRequired"})}, kind: "users", reason: evidence.NotLicensed, objects: -1},
		{name: "throttled for good", source: &source{fails: refuse(collectors.RefusalError{Status: 429, Reason: evidence.Throttled})}, kind: "users", reason: evidence.Throttled, objects: -1},
		{name: "throttled after a page", source: &source{pages: first, fails: refuse(collectors.RefusalError{Status: 429, Reason: evidence.Throttled})}, kind: "users", reason: evidence.Throttled, objects: 1},
		{name: "a server error", source: &source{fails: refuse(collectors.RefusalError{Status: 500, Code: "UnknownError"})}, kind: "users", reason: evidence.ServiceError, objects: -1},
		{name: "a truncated page", source: &source{pages: first, fails: refuse(collectors.RefusalError{Status: 200, Reason: evidence.Invalid})}, kind: "users", reason: evidence.Invalid, objects: 1},
		{name: "an unreachable host", source: &source{fails: refuse(collectors.RefusalError{Reason: evidence.Unreachable})}, kind: "users", reason: evidence.Unreachable, objects: -1},
		{name: "not found", source: &source{fails: refuse(collectors.RefusalError{Status: 404})}, kind: "users", reason: evidence.NotProvisioned, objects: -1},
		{name: "an answer nobody knows", source: &source{fails: refuse(collectors.RefusalError{Status: 418})}, kind: "users", reason: evidence.ServiceError, objects: -1},
		{name: "fewer objects than counted", source: &source{pages: first, counts: map[string]int{"users": 2}}, kind: "users", reason: evidence.Partial, objects: 1},
		{name: "no such API in the cloud", cloud: "china", source: &source{}, kind: "mdi_sensors", reason: evidence.NotInThisCloud, objects: -1},
		{name: "no token for the API", source: &source{fails: map[string]error{"token arm": &collectors.RefusalError{Reason: evidence.NoPermission}}}, kind: "azure_coverage", reason: evidence.NoPermission, lacks: "Reader", objects: -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.source.granted == nil {
				tt.source.granted = graph("User.Read.All")
			}
			options := collectors.Options{Kinds: []string{tt.kind}}
			if tt.cloud != "" {
				options.Tenant = evidence.Tenant{ID: "t", Cloud: tt.cloud}
			}
			got, err := collect(t, tt.source, options)
			if err != nil {
				t.Fatal(err)
			}
			gap, missing := got.GapOf(tt.kind)
			if !missing || gap.Reason != tt.reason || gap.Permission != tt.lacks || gap.Message == "" {
				t.Errorf("gap = %+v, want reason %s, permission %q and a message", gap, tt.reason, tt.lacks)
			}
			entry, held := got.Entry(tt.kind)
			if held != (tt.objects >= 0) || held && (entry.Objects != tt.objects || entry.Complete) {
				t.Errorf("entry = %+v, %v, want %d objects, incomplete", entry, held, tt.objects)
			}
		})
	}
}

func TestAFailedSignInEndsTheCollection(t *testing.T) {
	s := &source{granted: graph("User.Read.All"), fails: map[string]error{"users": &collectors.AuthError{Err: errors.New("expired")}}}
	_, err := collect(t, s, collectors.Options{Kinds: []string{"users"}})
	var auth *collectors.AuthError
	if !errors.As(err, &auth) {
		t.Errorf("Collect = %v, want an AuthError", err)
	}
}

func TestACancelledCollectionIsNoGap(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	writer, err := evidence.Create(filepath.Join(t.TempDir(), "b"), evidence.Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	err = collectors.Collect(ctx, &source{}, writer, collectors.Options{Now: now})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Collect = %v, want context.Canceled", err)
	}
}

func TestGroupsThatHoldRolesAreExpanded(t *testing.T) {
	s := &source{
		granted: graph("RoleManagement.Read.Directory", "GroupMember.Read.All"),
		pages: map[string][][]string{
			"roleManagement/directory/roleAssignments": {{
				`{"id":"a","principalId":"g1","principal":{"@odata.type":"#microsoft.graph.group","id":"g1"}}`,
				`{"id":"b","principalId":"u1","principal":{"@odata.type":"#microsoft.graph.user","id":"u1"}}`,
			}},
			"roleManagement/directory/roleEligibilityScheduleInstances": {{
				`{"id":"c","principalId":"g2","principal":{"@odata.type":"#microsoft.graph.group","id":"g2"}}`,
				`{"id":"d","principalId":"g1","principal":{"@odata.type":"#microsoft.graph.group","id":"g1"}}`,
			}},
			"groups/g1/transitiveMembers": {{`{"@odata.type":"#microsoft.graph.user","id":"u2"}`}},
			"groups/g2/transitiveMembers": {{}},
		},
	}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"role_group_members"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`{"groupId":"g1","@odata.type":"#microsoft.graph.user","id":"u2"}`}
	if diff := cmp.Diff(want, got.lines["role_group_members"]); diff != "" {
		t.Errorf("members differ:\n%s", diff)
	}
	entry, _ := got.Entry("role_group_members")
	if !entry.Complete || entry.Requests != 2 {
		t.Errorf("entry = %+v, want it complete with one request a group", entry)
	}

	s.fails = map[string]error{"roleManagement/directory/roleEligibilityScheduleInstances": &collectors.RefusalError{Status: 503}}
	if got, err = collect(t, s, collectors.Options{Kinds: []string{"role_group_members"}}); err != nil {
		t.Fatal(err)
	}
	if gap, missing := got.GapOf("role_group_members"); !missing || gap.Reason != evidence.Partial {
		t.Errorf("gap = %+v, want partial: the eligible groups could not be seen", gap)
	}

	s.fails = map[string]error{"roleManagement/directory/roleEligibilityScheduleInstances": &collectors.RefusalError{Status: 403, Code: "AadPremiumLicenseRequired"}}
	s.pages["roleManagement/directory/roleEligibilityScheduleInstances"] = nil
	if got, err = collect(t, s, collectors.Options{Kinds: []string{"role_group_members"}}); err != nil {
		t.Fatal(err)
	}
	if gap, missing := got.GapOf("role_group_members"); missing {
		t.Errorf("gap = %+v, want none: without PIM nobody is eligible", gap)
	}
}

func TestApplicationPermissionsAreReadFromTheResourceSide(t *testing.T) {
	const graphApp = "00000003-0000-0000-c000-000000000000"
	s := &source{
		granted: graph("Application.Read.All", "Policy.Read.All"),
		docs: map[string]string{
			"servicePrincipals(appId='" + graphApp + "')?$select=id,appId,appRoles,oauth2PermissionScopes": `{"@odata.context":"x","id":"sp1","appRoles":[{"id":"r1","value":"User.Read.All"}],"oauth2PermissionScopes":[{"id":"s1","value":"User.Read"}]}`,
		},
		pages: map[string][][]string{
			"servicePrincipals/sp1/appRoleAssignedTo":                  {{`{"id":"x","appRoleId":"r1","resourceId":"sp1"}`}},
			"servicePrincipals/sp1/delegatedPermissionClassifications": {{`{"id":"y","classification":"low","permissionName":"User.Read"}`}},
		},
	}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"app_role_assignments", "permission_classifications"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"resource_permissions": {
			`{"resourceId":"sp1","appId":"` + graphApp + `","id":"r1","value":"User.Read.All","type":"Role"}`,
			`{"resourceId":"sp1","appId":"` + graphApp + `","id":"s1","value":"User.Read","type":"Scope"}`,
		},
		"app_role_assignments":       {`{"id":"x","appRoleId":"r1","resourceId":"sp1"}`},
		"permission_classifications": {`{"appId":"` + graphApp + `","resourceId":"sp1","id":"y","classification":"low","permissionName":"User.Read"}`},
	}
	if diff := cmp.Diff(want, got.lines); diff != "" {
		t.Errorf("lines differ:\n%s", diff)
	}
	if len(got.Gaps) != 0 {
		t.Errorf("gaps = %v, want none: an application that isn't in the tenant is no gap", got.Gaps)
	}
	for _, path := range s.asked {
		if strings.Contains(path, "appRoleAssignments") {
			t.Errorf("asked %s, which is a request per client", path)
		}
	}
}

func TestProbes(t *testing.T) {
	granted := map[collectors.API][]string{collectors.Graph: {"SecurityIncident.Read.All", "ThreatHunting.Read.All"}, collectors.XDR: nil}
	tests := []struct {
		name, kind string
		source     *source
		want       []string
		gap        evidence.Reason
	}{
		{
			name: "incidents answer", kind: "incidents_probe",
			source: &source{docs: map[string]string{"security/incidents?$top=1": `{"value":[{"id":"7","createdDateTime":"2026-01-01T00:00:00Z","displayName":"secret"}]}`}},
			want:   []string{`{"status":200,"code":"","message":"","permitted":true,"seen":{"id":"7","createdDateTime":"2026-01-01T00:00:00Z"}}`},
		},
		{
			name: "no incident yet", kind: "incidents_probe",
			source: &source{docs: map[string]string{"security/incidents?$top=1": `{"value":[]}`}},
			want:   []string{`{"status":200,"code":"","message":"","permitted":true}`},
		},
		{
			name: "a refusal is evidence", kind: "incidents_probe",
			source: &source{fails: map[string]error{"security/incidents?$top=1": &collectors.RefusalError{Status: 403, Code: "Forbidden", Message: "no"}}},
			want:   []string{`{"status":403,"code":"Forbidden","message":"no","permitted":true}`},
		},
		{
			name: "sent without the permission", kind: "defender_api_probe",
			source: &source{fails: map[string]error{"api/incidents?$top=1": &collectors.RefusalError{Status: 403, Code: "DisabledFeature", Message: "Tenant feature isn't enabled"}}},
			want:   []string{`{"status":403,"code":"DisabledFeature","message":"Tenant feature isn't enabled","permitted":false}`},
		},
		{
			name: "a throttled probe is a gap", kind: "incidents_probe",
			source: &source{fails: map[string]error{"security/incidents?$top=1": &collectors.RefusalError{Status: 429, Reason: evidence.Throttled}}},
			gap:    evidence.Throttled,
		},
		{
			name: "a server error is a gap", kind: "hunting_probe",
			source: &source{fails: map[string]error{"hunt print": &collectors.RefusalError{Status: 500, Code: "UnknownError"}}},
			gap:    evidence.ServiceError,
		},
		{
			name: "something else than a list", kind: "incidents_probe",
			source: &source{docs: map[string]string{"security/incidents?$top=1": `[]`}},
			gap:    evidence.Invalid,
		},
		{
			name: "hunting refused: the tables are not asked", kind: "hunting_probe",
			source: &source{fails: map[string]error{"hunt print": &collectors.RefusalError{Status: 403}}},
			want:   []string{`{"table":"print","status":403,"code":"","message":"","permitted":true,"days":{}}`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.source.granted = granted
			got, err := collect(t, tt.source, collectors.Options{Kinds: []string{tt.kind}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.lines[tt.kind]); diff != "" {
				t.Errorf("lines differ:\n%s", diff)
			}
			gap, missing := got.GapOf(tt.kind)
			if missing != (tt.gap != "") || gap.Reason != tt.gap {
				t.Errorf("gap = %+v, want %q", gap, tt.gap)
			}
		})
	}
}

func TestHuntingCountsByDayAndApplication(t *testing.T) {
	empty := `{"schema":[],"results":[]}`
	s := &source{
		granted: graph("ThreatHunting.Read.All"),
		hunts: map[string]string{
			"print": `{"results":[{"Probe":1}]}`, "DeviceInfo": `{"results":[{"day":"2026-02-28T00:00:00Z","n":3}]}`,
			"IdentityLogonEvents": `{"results":[{"day":"2026-02-28T00:00:00Z","app":"Active Directory","n":5},{"day":"2026-02-28T00:00:00Z","app":"Teams","n":2.0}]}`,
			"CloudAppEvents":      empty, "AlertInfo": empty, "EmailEvents": empty, "IdentityDirectoryEvents": empty,
		},
		fails: map[string]error{"hunt EmailEvents": &collectors.RefusalError{Status: 400, Code: "BadRequest", Message: "Failed to resolve table or column expression named 'EmailEvents'"}},
	}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"hunting_probe"}})
	if err != nil {
		t.Fatal(err)
	}
	lines := got.lines["hunting_probe"]
	for _, want := range []string{
		`{"table":"DeviceInfo","status":200,"code":"","message":"","permitted":true,"days":{"2026-02-28":{"":3}}}`,
		`{"table":"IdentityLogonEvents","status":200,"code":"","message":"","permitted":true,"days":{"2026-02-28":{"Active Directory":5,"Teams":2}}}`,
		`{"table":"EmailEvents","status":400,"code":"BadRequest","message":"Failed to resolve table or column expression named 'EmailEvents'","permitted":true,"days":{}}`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %s in\n%s", want, strings.Join(lines, "\n"))
		}
	}

	s.fails["hunt AlertInfo"] = &collectors.RefusalError{Status: 429, Reason: evidence.Throttled}
	if got, err = collect(t, s, collectors.Options{Kinds: []string{"hunting_probe"}}); err != nil {
		t.Fatal(err)
	}
	if entry, held := got.Entry("hunting_probe"); !held || entry.Complete {
		t.Errorf("entry = %+v, %v, want what was read, incomplete", entry, held)
	}
}

func TestAzureCoverageWithoutManagementGroups(t *testing.T) {
	s := &source{
		granted: map[collectors.API][]string{collectors.ARM: nil},
		pages:   map[string][][]string{"subscriptions": {{`{"subscriptionId":"s","tenantId":"t","displayName":"Prod","state":"Enabled"}`}}},
		fails:   map[string]error{"providers/Microsoft.Management/managementGroups": &collectors.RefusalError{Status: 403, Code: "AuthorizationFailed"}},
	}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"azure_coverage"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`{"type":"subscription","id":"s","tenantId":"t","displayName":"Prod","state":"Enabled"}`}
	if diff := cmp.Diff(want, got.lines["azure_coverage"]); diff != "" || len(got.Gaps) != 0 {
		t.Errorf("gaps %v, lines differ:\n%s", got.Gaps, diff)
	}
}

func TestImportsFillWhatTheTenantDidNotGive(t *testing.T) {
	imported := []collectors.Imported{
		{Kind: "users", Objects: []json.RawMessage{json.RawMessage(`{"id":"imported"}`)}, Tier: evidence.Portal, Complete: true, API: "import: x"},
		{Kind: "groups", Objects: []json.RawMessage{json.RawMessage(`{"id":"g"}`)}, Tier: evidence.Portal, Gap: &evidence.Gap{Kind: "groups", Reason: evidence.Partial}},
		{Kind: "attestations", Objects: []json.RawMessage{}, Tier: evidence.Attested, Complete: true},
	}
	s := &source{granted: graph("User.Read.All"), pages: map[string][][]string{"users": {{`{"id":"live"}`}}}}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"users", "groups"}, Import: imported})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"users": {`{"id":"live"}`}, "groups": {`{"id":"g"}`}}
	if diff := cmp.Diff(want, got.lines); diff != "" {
		t.Errorf("lines differ:\n%s", diff)
	}
	if entry, held := got.Entry("attestations"); !held || !entry.Complete || entry.Objects != 0 {
		t.Errorf("attestations = %+v, %v, want an empty complete kind", entry, held)
	}
	if gap, _ := got.GapOf("groups"); gap.Reason != evidence.Partial {
		t.Errorf("gap of groups = %+v, want the import's own", gap)
	}
	if got, err = collect(t, nil, collectors.Options{Import: imported}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`{"id":"imported"}`}, got.lines["users"]); diff != "" {
		t.Errorf("imports alone differ:\n%s", diff)
	}
}

// The bundle calls the tenant as its own organisation does, and as the configuration does
// where that can't be known.
func TestTheOrganisationNamesTheTenant(t *testing.T) {
	own := `{"id":"T","displayName":"Contoso Holding"}`
	imported := func(object string) []collectors.Imported {
		return []collectors.Imported{{Kind: "organization", Objects: []json.RawMessage{json.RawMessage(object)}, Tier: evidence.Portal, Complete: true}}
	}
	live := func(objects ...string) *source {
		return &source{granted: graph("Organization.Read.All"), pages: map[string][][]string{"organization": {objects}}}
	}
	tests := []struct {
		name     string
		source   *source
		imported []collectors.Imported
		want     string
	}{
		{"read", live(own), nil, "Contoso Holding"},
		{"imported", nil, imported(own), "Contoso Holding"},
		{"read and imported", live(own), imported(`{"id":"t","displayName":"Of a file"}`), "Contoso Holding"},
		{"not permitted", &source{}, nil, "Contoso"},
		{"none", live(), nil, "Contoso"},
		{"without a name", live(`{"id":"t"}`), nil, "Contoso"},
		{"without a name that is text", live(`{"id":"t","displayName":["x"]}`), nil, "Contoso"},
		{"another organisation's", live(`{"id":"u","displayName":"Fabrikam"}`), nil, "Contoso"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := collect(t, tt.source, collectors.Options{Kinds: []string{"organization"}, Import: tt.imported})
			if err != nil {
				t.Fatal(err)
			}
			if want := (evidence.Tenant{ID: "t", Name: tt.want, Cloud: "global"}); got.Tenant != want {
				t.Errorf("the bundle is of %+v, want %+v", got.Tenant, want)
			}
		})
	}
}

func TestImportedPackagesAreAllKept(t *testing.T) {
	one, two := json.RawMessage(`{"orgId":"1","sha256":"a","signature":"unknown_issuer"}`), json.RawMessage(`{"orgId":"2","sha256":"b","signature":"invalid"}`)
	packages := []collectors.Imported{
		{Kind: "onboarding_package", Objects: []json.RawMessage{one}, Tier: evidence.Portal, Complete: true, API: "import: x"},
		{Kind: "onboarding_package", Objects: []json.RawMessage{one, two}, Tier: evidence.Attested, Complete: true, API: "import: x"},
	}
	azure := &source{
		granted: graph(),
		pages:   map[string][][]string{"subscriptions": {{`{"subscriptionId":"s","tenantId":"t","displayName":"Prod","state":"Enabled"}`}}},
	}
	for name, s := range map[string]*source{"no tenant": nil, "Azure without a package": azure} {
		got, err := collect(t, s, collectors.Options{Kinds: []string{"onboarding_package"}, Import: packages})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{string(one), string(two)}, got.lines["onboarding_package"]); diff != "" {
			t.Errorf("%s: packages differ (-want +got):\n%s", name, diff)
		}
		if entry, _ := got.Entry("onboarding_package"); entry.Tier != evidence.Attested || entry.API != "import: x" || !entry.Complete {
			t.Errorf("%s: the kind is %+v, want the import's own", name, entry)
		}
	}
	if len(packages[0].Objects) != 1 {
		t.Error("joining changed what was imported")
	}
}

func TestRequiredAddsWhatComesBefore(t *testing.T) {
	got := collectors.Required([]string{"role_group_members", "onboarding_package"})
	want := []string{"azure_coverage", "onboarding_package", "role_assignments", "role_eligibility", "role_group_members"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Required differs:\n%s", diff)
	}
}

func TestTheTableIsSound(t *testing.T) {
	kinds := map[string]bool{}
	for _, collector := range collectors.All() {
		if kinds[collector.Kind] {
			t.Errorf("%s has two collectors", collector.Kind)
		}
		kinds[collector.Kind] = true
		if _, err := evidence.SchemaOf(collector.Kind); err != nil {
			t.Error(err)
		}
		if len(collector.Paths) == 0 || collector.Tier == "" {
			t.Errorf("%s names no path or no tier", collector.Kind)
		}
		if collector.API != collectors.ARM && len(collector.Permissions) == 0 {
			t.Errorf("%s names no permission", collector.Kind)
		}
	}
	for _, collector := range collectors.All() {
		for _, before := range collector.After {
			if !kinds[before] {
				t.Errorf("%s comes after %s, which has no collector", collector.Kind, before)
			}
		}
	}
}

// TestLargeCollectionsAskForTheMost: each asks for the largest pages that the reference
// documents, and for the fields of its schema alone where the service lets fields be
// chosen.
func TestLargeCollectionsAskForTheMost(t *testing.T) {
	most := map[string]string{
		"users": "999", "groups": "999", "service_principals": "999", "applications": "999", "sites": "999",
		"oauth2_permission_grants": "999", "app_role_assignments": "999", "consent_events": "999",
		"sign_in_activity": "500", // the most with signInActivity
		"mfa_registration": "",    // takes $filter and $orderby alone
	}
	whole := []string{"oauth2_permission_grants", "app_role_assignments", "consent_events", "mfa_registration"}
	looked := 0
	for _, collector := range collectors.All() {
		schema, err := evidence.SchemaOf(collector.Kind)
		if err != nil {
			t.Fatal(err)
		}
		if !schema.Large {
			continue
		}
		looked++
		_, query, _ := strings.Cut(collector.Paths[0], "?")
		_, after, _ := strings.Cut(query, "$top=")
		top, _, _ := strings.Cut(after, "&")
		if want, known := most[collector.Kind]; !known || top != want {
			t.Errorf("%s asks for pages of %q objects, want %q", collector.Kind, top, want)
		}
		if chosen := strings.Contains(query, "$select={fields}"); chosen == slices.Contains(whole, collector.Kind) {
			t.Errorf("%s: chooses its fields: %v", collector.Kind, chosen)
		}
	}
	if looked != len(most) {
		t.Errorf("%d large kinds were looked at, want %d", looked, len(most))
	}
}

// TestTheLeastRequestsAreCounted: as many as the objects fill pages, of the size that was
// asked for or that the service took itself.
func TestTheLeastRequestsAreCounted(t *testing.T) {
	objects := func(from, n int) []string {
		var list []string
		for i := range n {
			list = append(list, `{"id":"`+strconv.Itoa(from+i)+`"}`)
		}
		return list
	}
	s := &source{
		granted: graph("User.Read.All", "AuditLog.Read.All", "Policy.Read.All"),
		pages: map[string][][]string{
			"users": {objects(0, 999), objects(999, 1), objects(1000, 1), {}},
			"reports/authenticationMethods/userRegistrationDetails": {objects(0, 40), objects(40, 40), objects(80, 1)},
			"identity/conditionalAccess/policies":                   {{}},
		},
	}
	got, err := collect(t, s, collectors.Options{Kinds: []string{"users", "mfa_registration", "conditional_access"}})
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string][2]int{"users": {4, 2}, "mfa_registration": {3, 3}, "conditional_access": {1, 1}} {
		entry, _ := got.Entry(kind)
		if entry.Requests != want[0] || entry.Minimum != want[1] {
			t.Errorf("%s: %d requests, at least %d needed, want %v", kind, entry.Requests, entry.Minimum, want)
		}
	}
}

// TestACollectionThatChangesWhileItIsRead is complete where what was read lies between the
// service's counts before and after, and partial where it doesn't.
func TestACollectionThatChangesWhileItIsRead(t *testing.T) {
	tests := []struct {
		name          string
		before, after int
		reason        evidence.Reason
	}{
		{"as many as there are", 3, -1, ""},
		{"one more came", 2, 3, ""},
		{"two more came, one was seen", 2, 4, ""},
		{"one went", 4, 3, ""},
		{"too few", 4, 4, evidence.Partial},
		{"too many", 2, 2, evidence.Partial},
		{"fewer than ever", 5, 4, evidence.Partial},
		{"not counted again", 4, -1, evidence.Partial},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &source{
				granted: graph("User.Read.All"), counts: map[string]int{"users": tt.before},
				pages: map[string][][]string{"users": {{`{"id":"1"}`, `{"id":"2"}`}, {`{"id":"2"}`, `{"id":"3"}`}}},
			}
			if tt.after >= 0 {
				s.docs = map[string]string{"users?$select=id&$top=1&$count=true": `{"@odata.count":` + strconv.Itoa(tt.after) + `,"value":[]}`}
			}
			got, err := collect(t, s, collectors.Options{Kinds: []string{"users"}})
			if err != nil {
				t.Fatal(err)
			}
			gap, _ := got.GapOf("users")
			if entry, _ := got.Entry("users"); gap.Reason != tt.reason || entry.Objects != 3 || entry.Complete != (tt.reason == "") {
				t.Errorf("gap = %+v, entry = %+v, want reason %q and three objects", gap, entry, tt.reason)
			}
		})
	}
}
