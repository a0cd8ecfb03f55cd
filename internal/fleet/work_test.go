package fleet_test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
)

// TestABadTenantDisturbsNone: tenants whose configuration or secret is wrong fail by
// themselves, the one at once and the other after some attempts, and the others are scanned.
func TestABadTenantDisturbsNone(t *testing.T) {
	t.Parallel()
	good, weak := simulate(t, "good", t.TempDir()), simulate(t, "weak", t.TempDir())
	refused := simulate(t, "off", t.TempDir())
	cfg := joined(good, weak, refused)
	wrong := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(wrong, []byte("swordfish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Tenants[1].Auth.ClientSecretFile = filepath.Join(t.TempDir(), "absent")
	cfg.Tenants[2].Auth.ClientSecretFile = wrong
	f := started(t, options(t, t.TempDir(), cfg))
	jobs := map[string]fleet.Job{}
	for _, tenant := range cfg.Tenants {
		job, err := f.Start(t.Context(), tenant.ID, "auditor")
		if err != nil {
			t.Fatal(err)
		}
		jobs[tenant.Name] = job
	}
	if job := await(t, f, jobs["good"].ID, fleet.Done); job.Exit.Code != findings.ExitClean {
		t.Errorf("the good tenant ended with %+v", job.Exit)
	}
	if job := await(t, f, jobs["weak"].ID, fleet.Failed); job.Attempt != 1 || !strings.Contains(job.Error, "secret of tenant weak is missing") {
		t.Errorf("the tenant without a secret = %+v, want one attempt and why", job)
	}
	job := await(t, f, jobs["off"].ID, fleet.Failed)
	if job.Attempt != 3 || !strings.Contains(job.Error, "AADSTS") {
		t.Errorf("the tenant that refuses the secret = %+v, want three attempts and why", job)
	}
	lines, err := f.Log(t.Context(), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if strings.Contains(line.Text, "swordfish") {
			t.Errorf("the secret is in the log: %s", line.Text)
		}
	}
	if _, err := f.Start(t.Context(), "nobody", "auditor"); !errors.Is(err, fleet.ErrNoTenant) {
		t.Errorf("Start() of an unknown tenant = %v, want ErrNoTenant", err)
	}
	if _, err := f.Job(t.Context(), 4711); !errors.Is(err, fleet.ErrNoJob) {
		t.Errorf("Job() = %v, want ErrNoJob", err)
	}
}

// TestWhatMayPassIsTriedAgain: a service that can't be reached for a while costs attempts, and
// what is recorded is whole; one that stays away is recorded as not known in the end.
func TestWhatMayPassIsTriedAgain(t *testing.T) {
	t.Parallel()
	tenant := simulate(t, "good", t.TempDir())
	f := started(t, options(t, t.TempDir(), joined(tenant)))
	fails := 1000
	cut := func(r *http.Request) {
		if fails > 0 && r.URL.Path == "/v1.0/groups" {
			fails--
			panic(http.ErrAbortHandler)
		}
	}
	tenant.hold.Store(&cut)
	job, err := f.Start(t.Context(), "good", "auditor")
	if err != nil {
		t.Fatal(err)
	}
	retrying := await(t, f, job.ID, fleet.Retrying)
	if !strings.Contains(retrying.Error, "groups (unreachable)") {
		t.Errorf("job = %+v, want to know what couldn't be read", retrying)
	}
	if retrying.Due.Before(retrying.Started) {
		t.Errorf("job = %+v, want to know when it is tried again", retrying)
	}
	none := func(*http.Request) {}
	tenant.hold.Store(&none)
	job = await(t, f, job.ID, fleet.Done)
	if job.Attempt < 2 || job.Error != "" || !job.Due.IsZero() || job.Exit.Code != findings.ExitClean {
		t.Errorf("job = %+v, want a later attempt that read everything", job)
	}

	tenant.hold.Store(&cut)
	if job, err = f.Start(t.Context(), "good", "auditor"); err != nil {
		t.Fatal(err)
	}
	if job = await(t, f, job.ID, fleet.Done); job.Attempt != 3 || job.Exit.Code != findings.ExitIncomplete {
		t.Errorf("job = %+v, exit %+v, want what is known after three attempts", job, job.Exit)
	}
	scans, err := f.History().List(t.Context(), "")
	if err != nil || len(scans) != 2 {
		t.Errorf("the history has %d scans, %v, want one of each job", len(scans), err)
	}
}

// TestAskingHurriesTheNextTry: somebody who has mended what a scan failed of doesn't wait for its next
// try, which is an hour away.
func TestAskingHurriesTheNextTry(t *testing.T) {
	t.Parallel()
	tenant := simulate(t, "good", t.TempDir())
	o := options(t, t.TempDir(), joined(tenant))
	o.Pause = time.Hour
	f := started(t, o)
	tenant.hold.Store(new(func(r *http.Request) {
		if r.URL.Path == "/v1.0/groups" {
			panic(http.ErrAbortHandler)
		}
	}))
	job, err := f.Start(t.Context(), "good", "auditor")
	if err != nil {
		t.Fatal(err)
	}
	await(t, f, job.ID, fleet.Retrying)
	tenant.hold.Store(new(func(*http.Request) {}))
	again, err := f.Start(t.Context(), "good", "auditor")
	if !errors.Is(err, fleet.ErrUnderWay) || again.ID != job.ID {
		t.Errorf("Start() = job %d, %v, want job %d, which is under way", again.ID, err, job.ID)
	}
	if job = await(t, f, job.ID, fleet.Done); job.Attempt != 2 || job.Exit.Code != findings.ExitClean {
		t.Errorf("job = %+v, want a second attempt that read everything", job)
	}
}

// TestReload: a wrong configuration is refused and the one before goes on; a scan that is
// running ends by the one that it began with.
func TestReload(t *testing.T) {
	t.Parallel()
	good, weak := simulate(t, "good", t.TempDir()), simulate(t, "weak", t.TempDir())
	cfg, err := joined(good), error(nil)
	o := options(t, t.TempDir(), nil)
	o.Load = func() (*config.Config, error) { return cfg, err }
	f := started(t, o)
	known := func() (names []string) {
		tenants, err := f.Tenants(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, tenant := range tenants {
			names = append(names, tenant.Name)
		}
		return names
	}
	twice := joined(weak, weak)
	twice.Tenants[1].Name = "again"
	param, device, elsewhere := joined(weak), joined(weak), joined(weak)
	param.Tenants[0].Params = map[string]any{"allowed_goes": []string{"EU"}}
	device.Tenants[0].Auth.Method = "device_code"
	elsewhere.Serve.Database = filepath.Join(t.TempDir(), "other.db")
	wrong := errors.New("line 3 is wrong")
	alone := func(*config.Config) error { return nil }
	for name, next := range map[string]struct {
		cfg *config.Config
		err error
	}{
		"a configuration that can't be read": {nil, wrong},
		"a tenant that is there twice":       {twice, nil},
		"a parameter that no rule has":       {param, nil},
		"a sign-in that needs a person":      {device, nil},
		"another database":                   {elsewhere, nil},
	} {
		cfg, err = next.cfg, next.err
		if err := f.Reload(t.Context(), alone); err == nil {
			t.Errorf("Reload() of %s succeeded", name)
		}
		if names := known(); len(names) != 1 || names[0] != "good" {
			t.Errorf("after %s the tenants are %v", name, names)
		}
	}

	cfg, err = joined(weak), nil
	if err := f.Reload(t.Context(), func(*config.Config) error { return wrong }); !errors.Is(err, wrong) {
		t.Errorf("Reload() of what somebody else refuses = %v, want %v", err, wrong)
	}
	if names := known(); len(names) != 1 || names[0] != "good" {
		t.Errorf("after what somebody else refuses the tenants are %v", names)
	}

	g := holdAfter(good, 20)
	job := begun(t, f, good, g)
	if err := f.Reload(t.Context(), alone); err != nil {
		t.Fatal(err)
	}
	if names := known(); len(names) != 1 || names[0] != "weak" {
		t.Errorf("the tenants are %v, want those of the new configuration", names)
	}
	g.release()
	if job = await(t, f, job.ID, fleet.Done); job.Exit.Code != findings.ExitClean {
		t.Errorf("the scan that was running ended with %+v", job.Exit)
	}
	if _, err := f.Start(t.Context(), "good", "auditor"); !errors.Is(err, fleet.ErrNoTenant) {
		t.Errorf("Start() of a tenant that is gone = %v, want ErrNoTenant", err)
	}
}

// TestTheDatabaseIsAway: while nothing can be written for longer than a worker's term, nothing
// is lost and nothing is there twice afterwards.
func TestTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	tenant := simulate(t, "good", t.TempDir())
	f := started(t, options(t, t.TempDir(), joined(tenant)))
	g := holdAfter(tenant, 40)
	job := begun(t, f, tenant, g)
	unblock, err := f.Block(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(8 * time.Second)
	g.release()
	if err := unblock(); err != nil {
		t.Fatal(err)
	}
	job = await(t, f, job.ID, fleet.Done)
	if job.Attempt < 2 {
		t.Errorf("job = %+v, want a second attempt", job)
	}
	once(t, f, job)
}

// TestKeep: evidence and logs are kept as long as the configuration says, and results for
// good.
func TestKeep(t *testing.T) {
	t.Parallel()
	tenant := simulate(t, "good", t.TempDir())
	cfg := joined(tenant)
	cfg.Serve.Keep = config.Keep{Scans: 2}
	data := t.TempDir()
	f := started(t, options(t, data, cfg))
	stray := filepath.Join(data, "evidence", "good", "4711-1")
	if err := os.MkdirAll(stray, 0o700); err != nil {
		t.Fatal(err)
	}
	var first, last fleet.Job
	for n := range 4 {
		job, err := f.Start(t.Context(), "good", "auditor")
		if err != nil {
			t.Fatal(err)
		}
		last = await(t, f, job.ID, fleet.Done)
		if n == 0 {
			first = last
		}
	}
	eventually(t, "two folders are left", func() bool { return folders(t, data, "good") == 2 })
	scans, err := f.History().List(t.Context(), "")
	if err != nil || len(scans) != 4 {
		t.Fatalf("the history has %d scans, %v, want all", len(scans), err)
	}
	for i, scan := range scans {
		if folder, err := f.Evidence(t.Context(), scan); err != nil || (folder != "") != (i < 2) {
			t.Errorf("Evidence() of the scan %d before = %q, %v", i, folder, err)
		}
	}
	if lines, err := f.Log(t.Context(), first.ID); err != nil || len(lines) > 0 {
		t.Errorf("the log of a forgotten scan = %v, %v", lines, err)
	}
	if lines, err := f.Log(t.Context(), last.ID); err != nil || len(lines) == 0 {
		t.Errorf("the log of the last scan = %v, %v", lines, err)
	}
}

// TestEvidenceOfAnotherDatabase: evidence that was recorded in another database stays, also where jobs
// have the same ids, and what a process has of a scan that another one has forgotten goes.
func TestEvidenceOfAnotherDatabase(t *testing.T) {
	t.Parallel()
	tenant := simulate(t, "good", t.TempDir())
	data := t.TempDir()
	scanned := func(f *fleet.Fleet) string {
		t.Helper()
		job, err := f.Start(t.Context(), "good", "auditor")
		if err != nil {
			t.Fatal(err)
		}
		scan, err := f.History().Scan(t.Context(), "", await(t, f, job.ID, fleet.Done).Scan)
		if err != nil {
			t.Fatal(err)
		}
		folder, err := f.Evidence(t.Context(), scan)
		if err != nil || folder == "" {
			t.Fatalf("Evidence() = %q, %v", folder, err)
		}
		return folder
	}
	there := func(folder string) bool {
		_, err := os.Stat(filepath.Join(filepath.Dir(folder), "result.json"))
		return err == nil
	}
	before := scanned(started(t, options(t, data, joined(tenant))))
	file, err := os.ReadFile(filepath.Join(filepath.Dir(before), "result.json"))
	if err != nil {
		t.Fatal(err)
	}

	elsewhere := joined(tenant)
	elsewhere.Serve.Database, elsewhere.Serve.Keep = filepath.Join(t.TempDir(), "other.db"), config.Keep{Scans: 1}
	here := started(t, options(t, data, elsewhere))
	first := scanned(here)
	if now, err := os.ReadFile(filepath.Join(filepath.Dir(before), "result.json")); err != nil || !bytes.Equal(now, file) {
		t.Fatalf("the result of the other database is gone or another: %v", err)
	}
	far := options(t, t.TempDir(), elsewhere)
	other := opened(t, far)
	if err := os.CopyFS(filepath.Join(far.Data, "evidence"), os.DirFS(filepath.Join(data, "evidence"))); err != nil {
		t.Fatal(err)
	}
	last := scanned(here)
	eventually(t, "the first scan is forgotten", func() bool { return !there(first) })
	if !there(before) || !there(last) {
		t.Error("the evidence of the other database, or of the last scan, is gone")
	}
	other.Tidy(t.Context())
	if n := folders(t, far.Data, "good"); n != 1 {
		t.Errorf("another process has %d folders of evidence, want only the one of the other database", n)
	}
}

// TestUpload: a bundle that was made elsewhere is verified, judged and recorded once.
func TestUpload(t *testing.T) {
	t.Parallel()
	tenant, other := simulate(t, "good", t.TempDir()), simulate(t, "weak", t.TempDir())
	made := started(t, options(t, t.TempDir(), joined(tenant, other)))
	packed := func(name string) []byte {
		t.Helper()
		job, err := made.Start(t.Context(), name, "auditor")
		if err != nil {
			t.Fatal(err)
		}
		scan, err := made.History().Scan(t.Context(), "", await(t, made, job.ID, fleet.Done).Scan)
		if err != nil {
			t.Fatal(err)
		}
		return pack(t, made, scan)
	}
	bundle, foreign := packed("good"), packed("weak")

	data := t.TempDir()
	f := started(t, options(t, data, joined(tenant)))
	scan, err := f.Upload(t.Context(), bytes.NewReader(bundle), "auditor")
	if err != nil || scan.ID == 0 || scan.Exit.Code != findings.ExitClean || scan.RecordedBy != "auditor" {
		t.Fatalf("Upload() = %+v, %v", scan, err)
	}
	if folder, err := f.Evidence(t.Context(), scan); err != nil || folder == "" {
		t.Errorf("Evidence() = %q, %v", folder, err)
	}
	if again, err := f.Upload(t.Context(), bytes.NewReader(bundle), "auditor"); err != nil || again.ID != scan.ID {
		t.Errorf("Upload() again = %+v, %v, want scan %d", again, err, scan.ID)
	}
	jobs, err := f.Jobs(t.Context(), fleet.Query{Tenant: "good", State: fleet.Done})
	if err != nil || len(jobs) == 0 || jobs[0].Cause != fleet.ByUpload || jobs[0].Scan != scan.ID {
		t.Errorf("Jobs() = %+v, %v, want the upload", jobs, err)
	}

	if _, err := f.Upload(t.Context(), bytes.NewReader(foreign), "auditor"); !errors.Is(err, fleet.ErrNoTenant) {
		t.Errorf("Upload() of another tenant's = %v, want ErrNoTenant", err)
	}
	if _, err := f.Upload(t.Context(), strings.NewReader("nonsense"), "auditor"); !errors.Is(err, evidence.ErrNotPacked) {
		t.Errorf("Upload() of nonsense = %v, want ErrNotPacked", err)
	}
	var unreadable *evidence.UnreadableError
	if _, err := f.Upload(t.Context(), strings.NewReader(""), "auditor"); !errors.As(err, &unreadable) {
		t.Errorf("Upload() of nothing = %v, want an UnreadableError", err)
	}
	behind := options(t, t.TempDir(), joined(tenant))
	behind.Now = func() time.Time { return time.Now().Add(-time.Hour) }
	if _, err := started(t, behind).Upload(t.Context(), bytes.NewReader(bundle), "auditor"); !errors.Is(err, fleet.ErrAhead) {
		t.Errorf("Upload() of a bundle that is an hour ahead = %v, want ErrAhead", err)
	}
	if n := folders(t, data, "good"); n != 1 {
		t.Errorf("there are %d folders of evidence, want one", n)
	}
	if left, _ := filepath.Glob(filepath.Join(data, "upload-*")); len(left) > 0 {
		t.Errorf("uploads left %v", left)
	}
}
