package collectors_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// linked is a tenant whose pages have links, each with the place that it leads to, and
// which stops answering at a request.
type linked struct {
	*source
	// cancel ends the run at request number end; 0 for never.
	cancel func()
	end    int
	// refuses is what a link that an earlier run got is answered with.
	refuses error
}

func (l *linked) late() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	late := l.end > 0 && len(l.asked) >= l.end
	if late {
		l.cancel()
	}
	return late
}

func (l *linked) Get(ctx context.Context, r collectors.Request) (collectors.Answer, error) {
	if l.late() {
		return collectors.Answer{}, context.Canceled
	}
	return l.source.Get(ctx, r)
}

func (l *linked) List(_ context.Context, r collectors.Request) iter.Seq2[collectors.Page, error] {
	return func(yield func(collectors.Page, error) bool) {
		path, _, _ := strings.Cut(r.Path, "?")
		pages, at := l.pages[path], 0
		if r.From != "" {
			if l.refuses != nil {
				l.note(r.From)
				yield(collectors.Page{}, l.refuses)
				return
			}
			if _, err := fmt.Sscanf(strings.TrimPrefix(r.From, path), "#%d", &at); err != nil {
				panic(r.From + " is no link of " + path)
			}
		}
		for ; at < len(pages); at++ {
			if l.late() {
				yield(collectors.Page{}, context.Canceled)
				return
			}
			l.note(fmt.Sprintf("%s#%d", path, at))
			page := collectors.Page{Count: -1}
			if count, counted := l.counts[path]; counted && at == 0 {
				page.Count = count
			}
			for _, object := range pages[at] {
				page.Objects = append(page.Objects, json.RawMessage(object))
			}
			if at+1 < len(pages) {
				page.Next = fmt.Sprintf("%s#%d", path, at+1)
			}
			if !yield(page, nil) {
				return
			}
		}
		if err := l.fails[path]; err != nil {
			yield(collectors.Page{}, err)
		}
	}
}

var resumable = collectors.Options{
	Tenant: evidence.Tenant{ID: "t", Name: "Contoso", Cloud: "global"}, Now: now, Parallel: 1,
	Kinds: []string{"users", "role_group_members", "role_owners", "group_eligibility", "cross_tenant_access", "security_defaults", "organization"},
}

// roles is a tenant in which groups, whose members come in pages, and an application hold
// roles. The users' pages overlap, and each group answers with the same who is eligible.
func roles() *source {
	group := func(id, principal string) string {
		return `{"id":"` + id + `","principalId":"` + principal + `","principal":{"@odata.type":"#microsoft.graph.group"}}`
	}
	return &source{
		granted: graph("Directory.Read.All", "User.Read.All", "RoleManagement.Read.Directory", "GroupMember.Read.All", "Application.Read.All", "Policy.Read.All", "Organization.Read.All", "PrivilegedEligibilitySchedule.Read.AzureADGroup"),
		counts:  map[string]int{"users": 5, "groups/g2/transitiveMembers": 3},
		docs: map[string]string{
			"policies/crossTenantAccessPolicy/default":             `{"id":"d"}`,
			"policies/identitySecurityDefaultsEnforcementPolicy":   `{"id":"s"}`,
			"applications(appId='p')?$select=id&$expand=owners":    `{"id":"app","owners":[{"id":"o1"},{"id":"o1"}]}`,
			"applications(appId='none')?$select=id&$expand=owners": `{}`,
		},
		pages: map[string][][]string{
			"organization": {{`{"id":"t"}`}},
			"users":        {{`{"id":"1","@odata.id":"x"}`, `{"id":"2"}`}, {`{ "id": "2" }`, `{"id":"3"}`}, {}, {`{"id":"1"}`, `{"id":"4"}`}, {`{"id":"5"}`}},
			"roleManagement/directory/roleAssignments": {
				{group("a", "g1")}, {group("b", "g2"), `{"id":"c","principalId":"s1","principal":{"@odata.type":"#microsoft.graph.servicePrincipal","appId":"p"}}`},
			},
			"roleManagement/directory/roleEligibilityScheduleInstances": {{group("d", "g3")}, {group("e", "g1")}},
			"groups/g1/transitiveMembers":                               {{`{"id":"m1"}`}, {`{"id":"m2"}`}},
			"groups/g2/transitiveMembers":                               {{`{"id":"m1"}`, `{"id":"m3"}`}, {`{"id":"m1"}`}, {`{"id":"m4"}`}},
			"groups/g3/transitiveMembers":                               {{}},
			"groups/g1/owners":                                          {{`{"id":"o1"}`}},
			"groups/g2/owners":                                          {{`{"id":"o2"}`}, {`{"id":"o3"}`}},
			"groups/g3/owners":                                          {{}, {`{"id":"o4"}`}},
			"servicePrincipals/s1/owners":                               {{`{"id":"o5"}`}, {`{"id":"o5"}`}},
			"identityGovernance/privilegedAccess/group/eligibilityScheduleInstances": {
				{`{"id":"e1"}`, `{"id":"e1"}`}, {`{"id":"e2"}`},
			},
			"policies/crossTenantAccessPolicy/partners":           {{`{"tenantId":"p1"}`}, {`{"tenantId":"p2"}`}},
			"tenantRelationships/multiTenantOrganization/tenants": {{}},
		},
	}
}

// run collects into dir, going on with what is there, and returns the kinds' files and
// what was asked; nil files where it was interrupted.
func (l *linked) run(t *testing.T, dir string) (files map[string]string, manifest evidence.Manifest) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l.cancel = cancel
	head := evidence.Manifest{Tenant: resumable.Tenant, Started: now, Asked: resumable.Kinds}
	writer, err := evidence.Resume(dir, head, now)
	if errors.Is(err, evidence.ErrInUse) {
		writer, err = evidence.Create(dir, head)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := collectors.Collect(ctx, l, writer, resumable); err != nil {
		if err := writer.Abort(); err != nil || ctx.Err() == nil {
			t.Fatalf("Collect() = %v", err)
		}
		return nil, manifest
	}
	if manifest, err = writer.Close(now); err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.Verify(dir, nil); err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	for _, entry := range manifest.Kinds {
		data, err := os.ReadFile(filepath.Join(dir, entry.File))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Kind] = string(data)
	}
	return files, manifest
}

func whole(t *testing.T, s *source) (map[string]string, evidence.Manifest) {
	t.Helper()
	return (&linked{source: s}).run(t, filepath.Join(t.TempDir(), "whole"))
}

// TestACollectionThatIsInterruptedAnywhere ends as one that never was, and asks again for
// no page of a list.
func TestACollectionThatIsInterruptedAnywhere(t *testing.T) {
	all := roles()
	want, manifest := whole(t, all)
	if len(manifest.Gaps) > 0 || len(want) != 9 || strings.Count(want["users"], "\n") != 5 || strings.Count(want["group_eligibility"], "\n") != 3*2 {
		t.Fatalf("files %v, gaps %v", want, manifest.Gaps)
	}
	for end := 1; end < len(all.asked); end++ {
		dir := filepath.Join(t.TempDir(), "bundle")
		first, second := &linked{source: roles(), end: end}, &linked{source: roles()}
		if got, _ := first.run(t, dir); got != nil {
			t.Fatalf("the run wasn't interrupted at request %d", end)
		}
		got, gone := second.run(t, dir)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("interrupted at request %d, the evidence differs (-whole +resumed):\n%s", end, diff)
		}
		if diff := cmp.Diff(manifest.Kinds, gone.Kinds); diff != "" {
			t.Errorf("interrupted at request %d, the manifest differs (-whole +resumed):\n%s", end, diff)
		}
		for _, path := range second.asked {
			if strings.HasPrefix(path, "users#") && slices.Contains(first.asked, path) {
				t.Errorf("interrupted at request %d, %s was asked for again", end, path)
			}
		}
	}
}

// TestALinkThatHasExpired: the kind is read anew from its beginning, and a refusal that
// means the reader is a gap as ever.
func TestALinkThatHasExpired(t *testing.T) {
	want, _ := whole(t, roles())
	tests := []struct {
		refuses *collectors.RefusalError
		anew    bool
	}{
		{&collectors.RefusalError{Status: 400, Code: "Directory_ExpiredPageToken"}, true},
		{&collectors.RefusalError{Status: 404}, true},
		{&collectors.RefusalError{Status: 410, Code: "syncStateNotFound"}, true},
		{&collectors.RefusalError{Reason: evidence.Invalid, Message: "the link leads elsewhere"}, true},
		{&collectors.RefusalError{Status: 403}, false},
		{&collectors.RefusalError{Status: 429, Reason: evidence.Throttled}, false},
		{&collectors.RefusalError{Status: 200, Reason: evidence.Invalid}, false},
	}
	for _, tt := range tests {
		begun := &linked{source: roles()}
		begun.run(t, filepath.Join(t.TempDir(), "whole"))
		end := slices.Index(begun.asked, "users#3")
		dir := filepath.Join(t.TempDir(), "bundle")
		(&linked{source: roles(), end: end}).run(t, dir)
		second := &linked{source: roles(), refuses: tt.refuses}
		got, manifest := second.run(t, dir)
		gap, missing := manifest.GapOf("users")
		if !slices.Contains(second.asked, "users#3") || missing == tt.anew || tt.anew && !cmp.Equal(want, got) {
			t.Errorf("after %v: asked %v, gap %+v; want it read anew: %v", tt.refuses, second.asked, gap, tt.anew)
		}
		if !tt.anew && strings.Count(got["users"], "\n") != 3 {
			t.Errorf("after %v: users are %s, want what was read before", tt.refuses, got["users"])
		}
	}
}

// TestWhatIsGoneOnWithIsCounted: a list that lacks an object is incomplete, whichever run
// was told how many there are; and a place that the reading doesn't come to is none.
func TestWhatIsGoneOnWithIsCounted(t *testing.T) {
	short := func() *source {
		s := roles()
		s.counts["users"] = 6
		return s
	}
	begun := &linked{source: short()}
	begun.run(t, filepath.Join(t.TempDir(), "whole"))
	dir := filepath.Join(t.TempDir(), "bundle")
	end := slices.Index(begun.asked, "users#3")
	(&linked{source: short(), end: end}).run(t, dir)
	if _, manifest := (&linked{source: short()}).run(t, dir); len(manifest.Gaps) != 1 || manifest.Gaps[0].Reason != evidence.Partial {
		t.Errorf("gaps = %+v, want the users incomplete", manifest.Gaps)
	}
	(&linked{source: short(), end: end}).run(t, dir)
	journal, err := os.ReadFile(dir + ".journal")
	if err != nil {
		t.Fatal(err)
	}
	astray := strings.ReplaceAll(string(journal), `"at":{"list":0,"first":0,"count":6,`, `"at":{"list":7,"first":0,"count":6,`)
	if err := os.WriteFile(dir+".journal", []byte(astray), 0o600); err != nil || astray == string(journal) {
		t.Fatalf("the journal is %s, %v", journal, err)
	}
	want, _ := whole(t, roles())
	if got, manifest := (&linked{source: roles()}).run(t, dir); !cmp.Equal(want, got) || len(manifest.Gaps) > 0 {
		t.Errorf("from a place that can't be reached: gaps %v, the evidence differs (-whole +resumed):\n%s", manifest.Gaps, cmp.Diff(want, got))
	}
}

// TestAKindThatRestsOnAGap: what ended with a gap is read again, and so is what rests on
// it, for other groups may have to be followed then.
func TestAKindThatRestsOnAGap(t *testing.T) {
	want, _ := whole(t, roles())
	gapped := func() *source {
		s := roles()
		s.pages["roleManagement/directory/roleAssignments"] = nil
		s.fails = map[string]error{"roleManagement/directory/roleAssignments": &collectors.RefusalError{Status: 429, Reason: evidence.Throttled}}
		return s
	}
	all := gapped()
	whole(t, all)
	for end := 1; end < len(all.asked); end++ {
		dir := filepath.Join(t.TempDir(), "bundle")
		(&linked{source: gapped(), end: end}).run(t, dir)
		got, manifest := (&linked{source: roles()}).run(t, dir)
		if diff := cmp.Diff(want, got); diff != "" || len(manifest.Gaps) > 0 {
			t.Errorf("interrupted at request %d: gaps %v, the evidence differs (-whole +resumed):\n%s", end, manifest.Gaps, diff)
		}
	}
}

// TestAPermissionThatWasTaken: what an earlier run read of a kind that the token may not
// read any more is not in the bundle, whose reader could not have read it.
func TestAPermissionThatWasTaken(t *testing.T) {
	all := roles()
	whole(t, all)
	dir := filepath.Join(t.TempDir(), "bundle")
	(&linked{source: roles(), end: len(all.asked) - 1}).run(t, dir)
	less := roles()
	less.granted = graph("Policy.Read.All")
	got, manifest := (&linked{source: less}).run(t, dir)
	if gap, _ := manifest.GapOf("users"); gap.Reason != evidence.NoPermission || got["users"] != "" {
		t.Errorf("users are %q with the gap %+v, want none for want of a permission", got["users"], gap)
	}
}

// TestImportsAreJoinedAnew: a kind that files are joined to is not taken as read.
func TestImportsAreJoinedAnew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "bundle")
	head := evidence.Manifest{Tenant: resumable.Tenant, Started: now}
	of := func(id string) collectors.Options {
		return collectors.Options{Tenant: resumable.Tenant, Now: now, Parallel: 1, Kinds: []string{"azure_resources"}, Import: []collectors.Imported{{
			Kind: "streaming_export", Complete: true, Objects: []json.RawMessage{json.RawMessage(`{"storageAccountResourceId":"` + id + `"}`)},
		}}}
	}
	account := "/subscriptions/0/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/"
	s := &source{pages: map[string][][]string{}, docs: map[string]string{
		account[1:] + "one?api-version=2023-01-01": `{"id":"` + account + `one","location":"westeurope"}`,
		account[1:] + "two?api-version=2023-01-01": `{"id":"` + account + `two","location":"eastus"}`,
	}}
	writer, err := evidence.Create(dir, head)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(collectors.Collect(t.Context(), s, writer, of(account+"one")), writer.Abort()); err != nil {
		t.Fatal(err)
	}
	if writer, err = evidence.Resume(dir, head, now); err != nil {
		t.Fatal(err)
	}
	if err := collectors.Collect(t.Context(), s, writer, of(account+"two")); err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Close(now); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "azure_resources.ndjson"))
	if err != nil || !strings.Contains(string(data), "/two") || strings.Contains(string(data), "/one") {
		t.Errorf("azure_resources = %s, %v, want what the second import names", data, err)
	}
}
