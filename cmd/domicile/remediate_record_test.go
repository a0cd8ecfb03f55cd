package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/scan"
)

// TestRecordOfRemediation has a plan approved, applied and taken back, and holds that the records
// of both runs vouch for everything that they name.
func TestRecordOfRemediation(t *testing.T) {
	tenant, config := newWritable(t)
	dir := t.TempDir()
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	command := func(args ...string) (int, string) {
		var out bytes.Buffer
		code := Main(t.Context(), args, Environment{
			Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }, Now: func() time.Time { return at },
		})
		return code, out.String()
	}
	expect := func(want int, says string, args ...string) string {
		t.Helper()
		code, out := command(args...)
		if code != want || !strings.Contains(out, says) {
			t.Fatalf("%v ended with %d, want %d and %q:\n%s", args, code, want, says, out)
		}
		return out
	}
	for _, name := range []string{"pipeline", "ada", "bob", "eve"} {
		expect(0, "key SHA256:", "key", "new", "--out", filepath.Join(filepath.Dir(config), name+".pem"))
	}
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("remediation: {max_changes: 100}\n"), []byte(`
remediation:
  require_approval: true
  approvers:
    - {file: ada.pem.pub, name: ada@contoso.example}
    - {file: bob.pem.pub, name: bob@contoso.example}
signing_key: pipeline.pem
trusted_keys: [{file: pipeline.pem.pub, name: pipeline}]
`), 1)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	key := func(name string) string { return filepath.Join(filepath.Dir(config), name+".pem") }
	past := "--record=" + filepath.Join(dir, "history.db")
	in := func(name string) string { return filepath.Join(dir, "out", name) }

	expect(3, "", "scan", "--config", config, "--rule", "CONS1008", "--out", filepath.Join(dir, "out"), "--format", "text", past)
	// A key that only the command line trusts makes nobody an author, and nobody signs as another.
	expect(0, "By zoe", "remediate", "plan", in("result.json"), "--config", config, "--key", key("eve"), "--trusted", key("eve")+".pub", "--author", "zoe")
	expect(3, "which is not trusted", "remediate", "approve", in("plan.json"), "--config", config, "--trusted", key("eve")+".pub", "--key", key("ada"), "--reason", "Mine.", "--yes")
	expect(2, "is that of ada@contoso.example, who is the author", "remediate", "plan", in("result.json"), "--config", config, "--key", key("ada"), "--author", "zoe")
	expect(2, "is the result itself", "remediate", "plan", in("result.json"), "--config", config, "--out", in("result.json"))
	expect(0, "By ada@contoso.example", "remediate", "plan", in("result.json"), "--config", config, "--key", key("ada"))
	expect(0, "approved by nobody", "verify", in("plan.json"), "--config", config)
	for _, how := range []string{"--yes", "--dry-run"} {
		if out := expect(3, "the plan is refused: its approval: there is none", "remediate", "apply", in("plan.json"), "--config", config, how); strings.Contains(out, "nothing to do") {
			t.Errorf("there is said to be nothing to do:\n%s", out)
		}
	}
	expect(3, "somebody else has to approve it", "remediate", "approve", in("plan.json"), "--config", config, "--key", key("ada"), "--reason", "Mine.", "--yes")
	expect(0, "bob@contoso.example approves 1 change", "remediate", "approve", in("plan.json"), "--config", config, "--key", key("bob"), "--reason", "Agreed.", "--yes")
	expect(0, "approved by bob@contoso.example on 2026", "verify", in("plan.json"), "--config", config)
	expect(0, "approved not checked", "verify", in("plan.json"))
	if writes := changesOf(tenant); len(writes) != 0 {
		t.Fatalf("written before anything was to be: %v", writes)
	}
	expect(2, "another folder", "remediate", "apply", in("plan.json"), "--config", config, "--yes", "--journal", filepath.Join(dir, "plan.journal"))
	at = at.Add(time.Hour)
	expect(0, "Recorded as run r1 in ", "remediate", "apply", in("plan.json"), "--config", config, "--yes", past)
	if writes := changesOf(tenant); len(writes) != 1 {
		t.Fatalf("written: %v, want the one change", writes)
	}
	// The same command again does nothing twice, and its record takes the place of the first.
	at = at.Add(time.Minute)
	expect(0, "Recorded as run r2 in ", "remediate", "apply", in("plan.json"), "--config", config, "--yes", past)
	if writes := changesOf(tenant); len(writes) != 1 {
		t.Fatalf("written: %v, want the one change", writes)
	}
	record, err := os.ReadFile(in("plan.record.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"by": "bob@contoso.example"`, `"reason": "Agreed."`, `"author": "ada@contoso.example"`, `"outcome": "applied"`, `"verdict": "mended"`, `"kind": "apply"`} {
		if !bytes.Contains(record, []byte(want)) {
			t.Errorf("the record lacks %s:\n%s", want, record)
		}
	}
	out := expect(0, "is as it was signed", "verify", in("plan.record.json"), "--config", config, "--require-signature")
	for _, want := range []string{"signed   by pipeline (key SHA256:", "approved by bob@contoso.example on ", "verified by evidence "} {
		if !strings.Contains(out, want) {
			t.Errorf("verify lacks %q:\n%s", want, out)
		}
	}
	expect(0, "signed   by key SHA256:", "verify", in("plan.record.json"), "--trusted", key("pipeline")+".pub", "--trusted", key("ada")+".pub")
	expect(3, "not trusted", "verify", in("plan.record.json"), "--trusted", key("eve")+".pub")
	expect(3, "and not of 3f0c1d7e-0000-4000-8000-000000000009", "verify", in("plan.record.json"), "--tenant", "3f0c1d7e-0000-4000-8000-000000000009")

	// Each part is flipped, cut, swapped for another, and taken away.
	parts := []string{
		"plan.record.json", "plan.json", "plan.dsse.json", "plan.record.dsse.json", "plan.approval.dsse.json", "plan.journal",
		"plan.verified/result.json", "plan.verified/result.dsse.json", "plan.verified/evidence/manifest.json", "plan.verified/evidence/signature.dsse.json",
	}
	for i, part := range parts {
		whole, err := os.ReadFile(in(part))
		if err != nil {
			t.Fatal(err)
		}
		flipped := bytes.Clone(whole)
		flipped[len(whole)/2] ^= 1
		other, err := os.ReadFile(in(parts[(i+1)%len(parts)]))
		if err != nil {
			t.Fatal(err)
		}
		for how, spoiled := range map[string][]byte{"flipped": flipped, "cut": whole[:len(whole)/2], "swapped": other, "empty": {}, "gone": nil} {
			if spoiled == nil {
				err = os.Remove(in(part))
			} else {
				err = os.WriteFile(in(part), spoiled, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			code, out := command("verify", in("plan.record.json"), "--config", config, "--require-signature")
			switch {
			case code == 2 && part == "plan.record.json": // what can't be read at all is the user's mistake
			case code == 0 && how == "gone" && strings.HasPrefix(part, "plan.verified/") && strings.HasSuffix(part, ".dsse.json"): // the record's signature covers these files
			case code != 3:
				t.Errorf("with %s %s, verify ended with %d:\n%s", part, how, code, out)
			}
		}
		if err := os.WriteFile(in(part), whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	// The next scan says what was changed, from the history or from the record itself, and the
	// same evidence gives the same again.
	at = at.Add(time.Hour)
	after := filepath.Join(dir, "after")
	out = expect(0, "Remediations: 1 since the earlier result", "scan", "--config", config, "--rule", "CONS1008", "--out", after, "--format", "text", past, "--previous", "history")
	scanned, err := os.ReadFile(filepath.Join(after, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(scanned, []byte(`"remediations": [`)) || !bytes.Contains(scanned, []byte(`"by": "bob@contoso.example"`)) || !bytes.Contains(scanned, []byte(`"name": "pipeline"`)) {
		t.Errorf("the result doesn't say what was changed:\n%s", out)
	}
	evaluate := []string{"evaluate", filepath.Join(after, "evidence"), "--config", config, "--rule", "CONS1008", "--previous", in("result.json"), "--remediation", in("plan.record.json")}
	expect(0, "came out again, byte for byte", append(evaluate, "--expect", filepath.Join(after, "result.json"))...)
	expect(2, "was over before the earlier result", "evaluate", filepath.Join(after, "evidence"), "--config", config, "--rule", "CONS1008",
		"--previous", filepath.Join(after, "result.json"), "--remediation", in("plan.record.json"), "--out", filepath.Join(dir, "again"))
	expect(2, "began after the evidence was read", "evaluate", in("evidence"), "--config", config, "--rule", "CONS1008", "--remediation", in("plan.record.json"), "--out", filepath.Join(dir, "again"))
	expect(2, "--remediation: ", "evaluate", in("evidence"), "--config", config, "--remediation", in("result.json"), "--out", filepath.Join(dir, "again"))
	good := filepath.Join(dir, "good")
	expect(0, "", "collect", "--demo", "--tenant", "good", "--kind", "admin_consent_policy", "--now", at.Format(time.RFC3339), "--out", good)
	expect(2, "is of tenant 3f0c1d7e-0000-4000-8000-000000000002 and the evidence of", "evaluate", good, "--rule", "CONS1008", "--remediation", in("plan.record.json"), "--out", filepath.Join(dir, "again"))
	pseudonyms := []string{"--config", config, "--pseudonym-key", filepath.Join(dir, "p.key")}
	expect(0, "", "key", "new", "--pseudonyms", "--out", filepath.Join(dir, "p.key"))
	expect(0, "", append([]string{"collect", "--pseudonymise", "--kind", "admin_consent_policy", "--out", filepath.Join(dir, "hidden")}, pseudonyms...)...)
	expect(2, "for which the evidence has pseudonyms", append([]string{"evaluate", filepath.Join(dir, "hidden"), "--rule", "CONS1008", "--remediation", in("plan.record.json"), "--out", filepath.Join(dir, "again")}, pseudonyms...)...)
	store := strings.TrimPrefix(past, "--record=")
	out = expect(0, "bob@contoso.example", "history", "list", "--store", store)
	if !strings.Contains(out, "r1 ") || strings.Count(out, "\n") != 7 {
		t.Errorf("history list shows\n%s", out)
	}
	if shown := expect(0, "", "history", "show", "r2", "--store", store); shown != string(record) {
		t.Errorf("history show r2 is not the record:\n%s", shown)
	}
	expect(2, "no remediation r9 is recorded", "history", "show", "r9", "--store", store)
	expect(0, "Recorded already, as run r2", "history", "record", in("plan.record.json"), "--store", store)
	expect(0, "would forget 1 scan and 2 remediations", "history", "prune", "--keep", "1", "--dry-run", "--store", store)

	// Nothing is taken back of a plan of which nothing shows that it was approved.
	aside := func(name string) (back func()) {
		t.Helper()
		if err := os.Rename(in(name), in("aside")); err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := os.Rename(in("aside"), in(name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	back := aside("plan.approval.dsse.json")
	expect(3, "the plan is refused: its approval: there is none", "remediate", "rollback", in("plan.journal"), "--config", config, "--yes")
	back()
	back = aside("plan.json")
	expect(2, "name it with --plan", "remediate", "rollback", in("plan.journal"), "--config", config, "--yes")
	back()

	// The journal goes on, and the record of what was applied still holds.
	expect(0, "wrote "+in("plan.rollback.json"), "remediate", "rollback", in("plan.journal"), "--config", config, "--yes")
	if writes := changesOf(tenant); len(writes) != 2 {
		t.Fatalf("written: %v, want the change and its undoing", writes)
	}
	expect(0, "apply, ", "verify", in("plan.record.json"), "--config", config, "--require-signature")
	expect(0, "rollback, ", "verify", in("plan.rollback.json"), "--config", config, "--require-signature")
	journal, err := os.ReadFile(in("plan.journal"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in("plan.journal"), journal[:len(journal)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	expect(3, "plan.journal", "verify", in("plan.rollback.json"), "--config", config)
	expect(0, "apply, ", "verify", in("plan.record.json"), "--config", config)

	// Where another configuration demands no approval, the record says that nobody gave one, and
	// doesn't pass where one has to be.
	lax := filepath.Join(filepath.Dir(config), "lax.yaml")
	if err := os.WriteFile(lax, bytes.Replace(text, []byte("require_approval: true"), []byte("require_approval: false"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	unapproved := filepath.Join(dir, "unapproved")
	expect(3, "", "scan", "--config", lax, "--rule", "CONS1008", "--out", unapproved, "--format", "text")
	expect(0, "By ", "remediate", "plan", filepath.Join(unapproved, "result.json"), "--config", lax, "--author", "ada@contoso.example")
	expect(2, "nobody answers", "remediate", "apply", filepath.Join(unapproved, "plan.json"), "--config", lax)
	expect(0, "By ", "remediate", "plan", filepath.Join(unapproved, "result.json"), "--config", lax, "--author", "ada@contoso.example")
	expect(0, "mended", "remediate", "apply", filepath.Join(unapproved, "plan.json"), "--config", lax, "--yes")
	expect(0, "approved by nobody\n", "verify", filepath.Join(unapproved, "plan.record.json"), "--config", lax)
	expect(3, "nobody approved the plan", "verify", filepath.Join(unapproved, "plan.record.json"), "--config", config)

	// What a journal says of the verification must be what the result says.
	ran := scan.Ran{Tool: findings.Tool{Name: "domicile", Version: "test"}, Journal: filepath.Join(unapproved, "plan.journal"), Plan: filepath.Join(unapproved, "plan.json")}
	if journal, err = os.ReadFile(ran.Journal); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ran.Journal, bytes.Replace(journal, []byte(`"verdict":"mended"`), []byte(`"verdict":"unknown"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := scan.RecordRun(ran, nil); err != nil {
		t.Fatal(err)
	}
	expect(3, "other verdicts than the journal tells", "verify", filepath.Join(unapproved, "plan.record.json"), "--config", lax)
}
