package fleet_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/history"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/fleet"
	"github.com/domicile-audit/domicile/internal/scan"
	"github.com/domicile-audit/domicile/internal/signing"
	"github.com/domicile-audit/domicile/remediation"
)

// scanned has a tenant scanned, and returns its result.
func scanned(t *testing.T, f *fleet.Fleet, tenant string) (history.Scan, *findings.Result) {
	t.Helper()
	job, err := f.Start(t.Context(), tenant, "auditor")
	if err != nil {
		t.Fatal(err)
	}
	one, err := f.History().Scan(t.Context(), "", await(t, f, job.ID, fleet.Done).Scan)
	if err != nil {
		t.Fatal(err)
	}
	document, err := f.History().Result(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	result, err := findings.Read(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	return one, result
}

// reloadable is a fleet whose configuration a test changes.
func reloadable(t *testing.T, data string, tenants ...*watched) (f *fleet.Fleet, change func(func(*config.Config))) {
	t.Helper()
	cfg := joined(tenants...)
	o := options(t, data, nil)
	o.Load = func() (*config.Config, error) { return cfg, nil }
	f = started(t, o)
	return f, func(to func(*config.Config)) {
		t.Helper()
		cfg = joined(tenants...)
		to(cfg)
		if err := f.Reload(t.Context(), func(*config.Config) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
}

// recordRun records the remediation of a tenant, unsigned.
func recordRun(t *testing.T, f *fleet.Fleet, tenant string, began time.Time) {
	t.Helper()
	record := remediation.RunRecord{
		Version: remediation.Version, Tool: findings.Tool{Name: "domicile", Version: "0.0.0"}, Tenant: findings.Tenant{ID: tenant},
		Files: remediation.RunFiles{
			Plan:    &remediation.RunFile{File: "plan.json", SHA256: strings.Repeat("a", 64)},
			Journal: remediation.RunFile{File: "plan.journal", SHA256: strings.Repeat("b", 64), Size: 1},
		},
		Run: findings.Run{
			Kind: "apply", Plan: strings.Repeat("a", 64), Author: "adele", App: "app", Began: began, Ended: began,
			Changes: []findings.RunChange{{ID: "1", Rules: []string{}, Outcome: "applied", Verdict: "mended"}},
		},
	}
	var document bytes.Buffer
	if err := record.Write(&document); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.History().RecordRun(t.Context(), document.Bytes(), nil, "auditor", began); err != nil {
		t.Fatal(err)
	}
}

// TestRemediationsSince: a result has the remediations that are recorded since the one before, and
// where signatures are required, none that is unsigned.
func TestRemediationsSince(t *testing.T) {
	t.Parallel()
	tenant := simulate(t, "good", t.TempDir())
	f, change := reloadable(t, t.TempDir(), tenant)
	first, _ := scanned(t, f, "good")
	recordRun(t, f, first.Tenant, first.Started.Add(-time.Hour))
	recordRun(t, f, first.Tenant, first.Started)
	if _, result := scanned(t, f, "good"); len(result.Remediations) != 1 || !result.Remediations[0].Began.Equal(first.Started) || result.Exit.Code != findings.ExitClean {
		t.Errorf("the result has the remediations %+v, and exit %+v, want the one since the scan before", result.Remediations, result.Exit)
	}
	private, public, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	change(signedBy(writeKeys(t, private, public)))
	if _, result := scanned(t, f, "good"); len(result.Remediations) != 0 || result.Exit.Code != findings.ExitClean {
		t.Errorf("the result has the remediations %+v, and exit %+v, want none that is unsigned", result.Remediations, result.Exit)
	}
}

func writeKeys(t *testing.T, private, public []byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, data := range map[string][]byte{"key.pem": private, "key.pub": public} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// signedBy has everything signed by a key, and requires that.
func signedBy(keys string) func(*config.Config) {
	return func(cfg *config.Config) {
		cfg.File, cfg.SigningKey, cfg.RequireSignature = filepath.Join(keys, config.FileName), "key.pem", true
		cfg.TrustedKeys = []config.TrustedKey{{File: "key.pub"}}
		cfg.Tenants[0].Previous = "" // it is unsigned
	}
}

// TestSignaturesAreRequired: once the configuration requires signatures, a result is compared with
// signed ones alone, and that a trusted key made it is known from the history.
func TestSignaturesAreRequired(t *testing.T) {
	t.Parallel()
	tenant := simulate(t, "good", t.TempDir())
	data := t.TempDir()
	f, change := reloadable(t, data, tenant)
	scanned(t, f, "good")
	private, public, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	change(signedBy(writeKeys(t, private, public)))
	second, result := scanned(t, f, "good")
	if result.Digests.Previous != "" {
		t.Error("a result was compared with an unsigned one")
	}
	if job, err := f.Jobs(t.Context(), fleet.Query{Limit: 1}); err != nil {
		t.Error(err)
	} else {
		eventually(t, "why is in the log", func() bool { return said(t, f, job[0].ID, "scan 1 is not signed by a trusted key") })
	}
	// The files beside it don't count: they may be on another machine.
	if err := os.RemoveAll(filepath.Join(data, "evidence", "good")); err != nil {
		t.Fatal(err)
	}
	third, result := scanned(t, f, "good")
	if result.Digests.Previous != second.Digest {
		t.Errorf("the third result was compared with %q, want the signed one before it", result.Digests.Previous)
	}
	path, err := f.Evidence(t.Context(), third)
	if err != nil {
		t.Fatal(err)
	}
	if bundle, err := evidence.Verify(path, nil); err != nil || len(bundle.Signers) != 1 {
		t.Errorf("the bundle: %v", err)
	}
	// What an unknown key signed counts as little.
	if _, public, err = signing.Generate(); err != nil {
		t.Fatal(err)
	}
	others := writeKeys(t, private, public)
	change(func(cfg *config.Config) {
		cfg.File, cfg.TrustedKeys = filepath.Join(others, config.FileName), []config.TrustedKey{{File: "key.pub"}}
	})
	if _, result := scanned(t, f, "good"); result.Digests.Previous == "" || result.Digests.Previous == third.Digest || result.Digests.Previous == second.Digest {
		t.Errorf("a result was compared with %q, want the unsigned one", result.Digests.Previous)
	}
}

// TestFailOnNew: with nothing to compare with, all that a scan finds is new.
func TestFailOnNew(t *testing.T) {
	t.Parallel()
	f, change := reloadable(t, t.TempDir(), simulate(t, "weak", t.TempDir()))
	change(func(cfg *config.Config) { cfg.Serve.FailOn, cfg.Tenants[0].Previous = "high,new", "" })
	if _, first := scanned(t, f, "weak"); first.Exit.Code != findings.ExitViolations {
		t.Errorf("the first scan ends with %+v, want its violations", first.Exit)
	}
	if _, second := scanned(t, f, "weak"); second.Exit.Code == findings.ExitViolations || second.Change.New != 0 {
		t.Errorf("the second scan ends with %+v, and %d new violations", second.Exit, second.Change.New)
	}
}

// TestAnotherProfile: a scan by another profile than before is compared with the last one of the same,
// and not found wrong for the difference.
func TestAnotherProfile(t *testing.T) {
	t.Parallel()
	f, change := reloadable(t, t.TempDir(), simulate(t, "good", t.TempDir()))
	first, result := scanned(t, f, "good")
	change(func(cfg *config.Config) { cfg.Tenants[0].Profile = "mtp-2020-a" })
	_, old := scanned(t, f, "good")
	if old.Profile == result.Profile || old.Exit.Code == findings.ExitUsage || old.Digests.Previous != "" {
		t.Errorf("by the profile %s the exit is %+v, compared with %q", old.Profile, old.Exit, old.Digests.Previous)
	}
	change(func(*config.Config) {})
	if _, last := scanned(t, f, "good"); last.Digests.Previous != first.Digest {
		t.Errorf("compared with %q, want the last one of the profile", last.Digests.Previous)
	}
}

// TestPseudonymise: where the configuration says so, nothing that tells who somebody is gets on disk, nor
// into the history, and results with pseudonyms are compared with each other alone.
func TestPseudonymise(t *testing.T) {
	t.Parallel()
	const person = "birgit.sommer@"
	tenant := simulate(t, "good", t.TempDir())
	data := t.TempDir()
	f, change := reloadable(t, data, tenant)
	named := func() (files []string) {
		err := filepath.WalkDir(data, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if bytes.Contains(text, []byte(person)) {
				files = append(files, path)
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return files
	}
	keys := t.TempDir()
	if err := os.WriteFile(filepath.Join(keys, "pseudonyms.key"), []byte("a key of pseudonyms for tests, and for nothing else"), 0o600); err != nil {
		t.Fatal(err)
	}
	first, _ := scanned(t, f, "good")
	if len(named()) == 0 {
		t.Fatalf("nothing names anybody at %s; the test shows nothing", person)
	}
	packed := pack(t, f, first)
	if err := os.RemoveAll(filepath.Join(data, "evidence", "good")); err != nil {
		t.Fatal(err)
	}
	recordRun(t, f, first.Tenant, first.Started)
	change(func(cfg *config.Config) {
		cfg.File, cfg.PseudonymKey, cfg.Pseudonymise = filepath.Join(keys, config.FileName), "pseudonyms.key", true
	})
	// What is interrupted leaves nothing either.
	fails := true
	tenant.hold.Store(new(func(r *http.Request) {
		if fails && r.URL.Path == "/v1.0/groups" {
			panic(http.ErrAbortHandler)
		}
	}))
	job, err := f.Start(t.Context(), "good", "auditor")
	if err != nil {
		t.Fatal(err)
	}
	await(t, f, job.ID, fleet.Retrying)
	if files := named(); len(files) > 0 {
		t.Errorf("an attempt left names in %v", files)
	}
	fails = false
	await(t, f, job.ID, fleet.Done)
	second, result := scanned(t, f, "good")
	if files := named(); len(files) > 0 || result.Pseudonyms == "" || len(result.Remediations) > 0 || result.Exit.Code != findings.ExitClean {
		t.Errorf("the result has the pseudonyms %q, remediations %v and exit %+v, and names are in %v", result.Pseudonyms, result.Remediations, result.Exit, files)
	}
	if result.Digests.Previous == "" || result.Digests.Previous == first.Digest {
		t.Errorf("compared with %q, want the one with pseudonyms", result.Digests.Previous)
	}
	if _, err := f.Upload(t.Context(), bytes.NewReader(packed), "auditor"); !errors.Is(err, fleet.ErrNoPseudonyms) {
		t.Errorf("Upload() of a bundle with names = %v, want ErrNoPseudonyms", err)
	}
	packed = pack(t, f, second)

	g := started(t, func() fleet.Options {
		cfg := joined(tenant)
		cfg.File, cfg.PseudonymKey = filepath.Join(keys, config.FileName), "pseudonyms.key"
		return options(t, t.TempDir(), cfg)
	}())
	if uploaded, err := g.Upload(t.Context(), bytes.NewReader(packed), "auditor"); err != nil || uploaded.Exit.Code != findings.ExitClean {
		t.Errorf("Upload() of a bundle with pseudonyms = %+v, %v", uploaded, err)
	}
	if err := os.WriteFile(filepath.Join(keys, "pseudonyms.key"), []byte("another key of pseudonyms for tests, and no more"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Upload(t.Context(), bytes.NewReader(packed), "auditor"); !errors.Is(err, scan.ErrOtherPseudonyms) {
		t.Errorf("Upload() of a bundle with another key's pseudonyms = %v, want ErrOtherPseudonyms", err)
	}
}

// pack packs the bundle of a scan.
func pack(t *testing.T, f *fleet.Fleet, of history.Scan) []byte {
	t.Helper()
	folder, err := f.Evidence(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := evidence.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	if err := bundle.Pack(&packed); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}
