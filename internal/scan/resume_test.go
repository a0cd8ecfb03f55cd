package scan_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/scan"
)

// pages answers users in four pages, and stops a run at the third.
func pages(cancel func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page := max(1, len(r.URL.Query().Get("page")))
		if page == 3 {
			cancel()
			<-r.Context().Done()
			return
		}
		onePage(w, r)
	}
}

func onePage(w http.ResponseWriter, r *http.Request) {
	at := r.URL.Query().Get("page")
	answer := map[string]any{"value": []any{map[string]string{"id": fmt.Sprint(len(at))}}}
	if len(at) < 4 {
		answer["@odata.nextLink"] = "https://" + r.Host + r.URL.Path + "?page=" + strings.Repeat("x", max(len(at), 1)+1)
	}
	send(w, answer)
}

// interrupted leaves a collection of users that was cut short after its second page.
func interrupted(t *testing.T, c *cloud, dir string, o scan.Collection) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.api = pages(cancel)
	if _, err := scan.Collect(ctx, dir, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("Collect() = %v, want it interrupted", err)
	}
	c.api, c.calls = onePage, nil
}

// listen is the collection with its notices in a list.
func listen(o scan.Collection) (scan.Collection, *[]string) {
	said := &[]string{}
	o.Notice = func(text string) { *said = append(*said, text) }
	return o, said
}

// TestResume goes on with a collection, or says why not.
func TestResume(t *testing.T) {
	const users = "{\"id\":\"0\"}\n{\"id\":\"2\"}\n{\"id\":\"3\"}\n{\"id\":\"4\"}\n"
	edit := func(name, from, to string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			data, err := os.ReadFile(dir + name)
			changed := strings.ReplaceAll(string(data), from, to)
			if err == nil {
				err = os.WriteFile(dir+name, []byte(changed), 0o600)
			}
			if err != nil || changed == string(data) {
				t.Fatalf("%s: %v: %s", name, err, data)
			}
		}
	}
	nothing := func(*testing.T, string) {}
	expired := func(c *cloud) {
		c.api = func(w http.ResponseWriter, r *http.Request) {
			if len(c.calls) == 1 && r.URL.RawQuery != "" && r.URL.Query().Get("page") != "" {
				w.WriteHeader(http.StatusGone)
				return
			}
			onePage(w, r)
		}
	}
	tests := []struct {
		name   string
		change func(*testing.T, string)
		cloud  func(*cloud)
		later  time.Duration
		tool   string
		fresh  bool // without Resume
		calls  int
		says   string
	}{
		{name: "at once", change: nothing, calls: 2, says: "going on with the collection of 20"},
		{name: "without the flag", change: nothing, fresh: true, calls: 4, says: "with --resume it would have been gone on with"},
		{name: "after the links expired", change: nothing, cloud: expired, calls: 5, says: "going on"},
		{name: "with a changed file", change: edit(".partial/users.ndjson", "0", "1"), calls: 4, says: "going on"},
		{name: "with a file cut short", change: edit(".partial/users.ndjson", "}\n", "}"), calls: 4, says: "going on"},
		{name: "with a link to another host", change: edit(".journal", `"next":"https://127.0.0.1`, `"next":"https://192.0.2.1`), calls: 4, says: "going on"},
		{name: "with a changed journal", change: edit(".journal", `"objects":`, `"objets":`), calls: 4, says: "can't be relied on"},
		{name: "two days later", change: nothing, later: 48 * time.Hour, calls: 4, says: "more than a day off"},
		{name: "with the clock set back", change: nothing, later: -48 * time.Hour, calls: 4, says: "more than a day off"},
		{name: "with another version", change: nothing, tool: "domicile next", calls: 4, says: "it was made by domicile test"},
		{name: "where nothing was left", change: func(t *testing.T, dir string) {
			t.Helper()
			if err := errors.Join(os.RemoveAll(dir+".partial"), os.Remove(dir+".journal")); err != nil {
				t.Fatal(err)
			}
		}, calls: 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t, nil)
			dir := filepath.Join(t.TempDir(), "bundle")
			o, said := listen(collection(c.configured(t, "", nil), "users"))
			interrupted(t, c, dir, o)
			if len(*said) > 0 {
				t.Errorf("a first run says %q", *said)
			}
			tt.change(t, dir)
			if tt.cloud != nil {
				tt.cloud(c)
			}
			if o.Resume = !tt.fresh; tt.tool != "" {
				o.Tool = tt.tool
			}
			o.Now = func() time.Time { return time.Now().Add(tt.later) }
			manifest, err := scan.Collect(t.Context(), dir, o)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := evidence.Verify(dir, nil); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(dir, "users.ndjson"))
			if err != nil || string(data) != users || len(manifest.Gaps) > 0 {
				t.Errorf("users are %s, %v, gaps %v", data, err, manifest.Gaps)
			}
			if len(c.calls) != tt.calls {
				t.Errorf("%d requests, want %d", len(c.calls), tt.calls)
			}
			if told := strings.Join(*said, "\n"); !strings.Contains(told, tt.says) || (tt.says == "") != (told == "") || len(*said) > 1 {
				t.Errorf("it says %q, want %q", told, tt.says)
			}
			if resumed := strings.Contains(tt.says, "going on"); resumed != (len(manifest.Resumed) == 1) {
				t.Errorf("the manifest tells of resumptions at %v", manifest.Resumed)
			}
			for _, name := range []string{".partial", ".journal"} {
				if _, err := os.Lstat(dir + name); !os.IsNotExist(err) {
					t.Errorf("%s was left", name)
				}
			}
		})
	}
}

// TestResumeSomethingElse is refused, and what was left stays for who was meant.
func TestResumeSomethingElse(t *testing.T) {
	c := newCloud(t, nil)
	dir := filepath.Join(t.TempDir(), "bundle")
	o, said := listen(collection(c.configured(t, "", nil), "users"))
	interrupted(t, c, dir, o)
	o.Resume = true
	kinds, cloud, app := o, o, o
	kinds.Kinds = []string{"users", "groups"}
	moved, other := *o.Tenant, *o.Tenant
	endpoints := *o.Tenant.Endpoints
	endpoints.Like = "gcc"
	moved.Endpoints = &endpoints
	cloud.Tenant = &moved
	other.Auth.ClientID = "another"
	app.Tenant = &other
	c.app = "another"
	for says, o := range map[string]scan.Collection{"other kinds": kinds, "in the cloud global": cloud, "by the application app": app} {
		_, err := scan.Collect(t.Context(), dir, o)
		if err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "leave out --resume") {
			t.Errorf("Collect() = %v, want an error that says %q and what to do", err, says)
		}
	}
	c.app, *said = "app", nil
	lock, err := evidence.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, o.Resume = range []bool{true, false} {
		if _, err := scan.Collect(t.Context(), dir, o); !errors.Is(err, evidence.ErrInUse) {
			t.Errorf("Collect() beside another run = %v, want ErrInUse", err)
		}
	}
	if err := lock.Unlock(); err != nil || len(*said) > 0 {
		t.Errorf("%v; a run that didn't begin says %q", err, *said)
	}
	kinds.Resume, c.calls = false, nil
	if _, err := scan.Collect(t.Context(), filepath.Join(filepath.Dir(dir), "else"), kinds); err != nil {
		t.Fatal(err)
	}
	o.Resume, c.calls = true, nil
	manifest, err := scan.Collect(t.Context(), dir, o)
	if err != nil || len(c.calls) != 2 || len(manifest.Resumed) == 0 {
		t.Errorf("Collect() = %v with %d requests, want the collection gone on with in the end", err, len(c.calls))
	}
}

// TestAFailedSignInCanBeMended: what was read before a sign-in failed is gone on with.
func TestAFailedSignInCanBeMended(t *testing.T) {
	c := newCloud(t, nil)
	dir := filepath.Join(t.TempDir(), "bundle")
	o := collection(c.configured(t, "", nil), "users")
	interrupted(t, c, dir, o)
	o.Resume = true
	broken := o
	broken.Getenv = func(string) string { return "" }
	if _, err := scan.Collect(t.Context(), dir, broken); err == nil {
		t.Error("Collect() without a secret = nil")
	}
	if _, err := scan.Collect(t.Context(), dir, o); err != nil || len(c.calls) != 2 {
		t.Errorf("Collect() = %v with %d requests, want it gone on with", err, len(c.calls))
	}
}
