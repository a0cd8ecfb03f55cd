package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestActionEnds runs the action's scripts around a scan: whatever domicile ends with, the
// summary is written, the outputs are set, and the last step ends the same.
func TestActionEnds(t *testing.T) {
	demo := "--demo\n--now\n" + now + "\n--rule\n"
	tests := []struct {
		name   string
		inputs map[string]string
		code   int
		result bool
		says   string // in the job's summary
	}{
		{"nothing found", map[string]string{"inputs.tenant": "good", "inputs.args": demo + "ROLE1002,XDR1001"}, 0, true, "**Exit code 0:**"},
		{"violations", map[string]string{"inputs.args": demo + "ROLE1002"}, 3, true, "ROLE1002"},
		{"a rule that was not judged", map[string]string{"inputs.args": demo + "XDR1001"}, 4, true, "### Not judged: 1 rule"},
		{"the same, allowed", map[string]string{"inputs.args": demo + "XDR1001", "inputs.allow-incomplete": "true"}, 0, true, "allow-incomplete accepts"},
		{"a threshold that is none", map[string]string{"inputs.args": demo + "ROLE1002", "inputs.fail-on": "severe"}, 2, false, "exit code 2 and without a result"},
		{"no configuration", nil, 2, false, "without a result"},
		{"a bundle without a configuration", map[string]string{"inputs.bundle": "nowhere"}, 2, false, "without a result"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRunner(t, tt.inputs)
			r.values["inputs.previous"] = "none"
			if code := r.step("earlier"); code != 0 {
				t.Fatalf("finding the earlier result ended with %d:\n%s", code, &r.said)
			}
			if code := r.step("scan"); code != 0 {
				t.Fatalf("the step of the scan ended with %d:\n%s", code, &r.said)
			}
			if code := r.step("end"); code != tt.code {
				t.Errorf("the action ended with %d, want %d:\n%s", code, tt.code, &r.said)
			}
			if got := r.value("steps.scan.outputs.result"); (got == "out/result.json") != tt.result {
				t.Errorf("the result is %q", got)
			}
			if summary := r.file("summary"); !strings.Contains(summary, tt.says) {
				t.Errorf("the summary lacks %q:\n%s", tt.says, summary)
			}
			if tt.result != (r.value("steps.scan.outputs.findings") != "") || tt.code == 3 && r.value("steps.scan.outputs.fail") != "1" {
				t.Errorf("the counts are not told: %v", r.values)
			}
		})
	}
	r := newRunner(t, nil)
	if code := r.step("end"); code != 1 {
		t.Errorf("an action that didn't come to scan ended with %d, want 1", code)
	}
}

// TestActionTakesNoCommands: between the two lines that switch the runner's commands off and
// on again stands all that domicile says, and the second can't be foreseen.
func TestActionTakesNoCommands(t *testing.T) {
	tokens := map[string]bool{}
	for range 2 {
		r := newRunner(t, map[string]string{"steps.earlier.outputs.fail-on": "high"})
		r.program("domicile", "echo ::error::hostile; echo ::error::hostile >&2; exit 3\n")
		r.step("scan")
		before, rest, _ := strings.Cut(r.said.String(), "::stop-commands::")
		token, rest, _ := strings.Cut(rest, "\n")
		inside, after, resumed := strings.Cut(rest, "::"+token+"::\n")
		if len(token) != 32 || !resumed || strings.Contains(before+after, "hostile") || strings.Count(inside, "hostile") != 2 {
			t.Errorf("the log takes commands of the tenant's:\n%s", &r.said)
		}
		tokens[token] = true
	}
	if len(tokens) != 2 {
		t.Error("the word that switches commands on again is always the same")
	}
}

// TestActionLeavesNoEarlierVerdict: a scan that fails doesn't show the reports of one before.
func TestActionLeavesNoEarlierVerdict(t *testing.T) {
	r := newRunner(t, map[string]string{"steps.earlier.outputs.fail-on": "high"})
	if err := os.Mkdir(filepath.Join(r.dir, "out"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"out/result.json", "out/report.md"} {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.program("domicile", "exit 5\n")
	r.step("scan")
	if got := r.value("steps.scan.outputs.result"); got != "" || !strings.Contains(r.file("summary"), "exit code 5 and without a result") {
		t.Errorf("the result is %q and the summary %q, of a scan that wrote none", got, r.file("summary"))
	}
}

// gh stands in for GitHub's program: it answers with files, through the query that it is
// given, and notes what it is asked for.
const gh = `echo "gh $*" >> calls
[ ! -e broken ] || { echo "HTTP 403: Resource not accessible" >&2; exit 1; }
query=.
for word in "$@"; do [ "${last:-}" != --jq ] || query=$word; last=$word; done
case "$*" in
  "run download 12 "*) cp earlier.json "${@: -1}/result.json" ;;
  *PATCH* | *POST*) cp temp/domicile-comment.md body.md ;;
  *actions/artifacts*) jq -r "$query" artifacts.json ;;
  *comments*) jq -r "$query" comments.json ;;
  *) echo '{"default_branch": "main"}' | jq -r "$query" ;;
esac
`

// TestActionFindsTheEarlierResult: that of the default branch, and of no fork.
func TestActionFindsTheEarlierResult(t *testing.T) {
	const artifact = `{"id": ID, "created_at": "2026-11-DAYT05:00:00Z", "expired": false, "workflow_run": {"id": ID, "repository_id": 1, "head_repository_id": 1, "head_branch": "main"}}`
	run := func(id, day string, changes ...string) string {
		return strings.NewReplacer(append([]string{"ID", id, "DAY", day}, changes...)...).Replace(artifact)
	}
	ours := run("12", "18")
	older := run("11", "17")
	fork := run("13", "19", `"head_repository_id": 1`, `"head_repository_id": 2`)
	branch := run("14", "19", `"main"`, `"feature"`)
	expired := run("15", "19", "false", "true")
	tests := []struct {
		name      string
		artifacts []string
		inputs    map[string]string
		found     bool
		failOn    string
		says      string
	}{
		{"the newest", []string{older, ours}, nil, true, "high", ""},
		{"the newest of its own branch that is still there", []string{fork, branch, expired, ours, older}, map[string]string{"inputs.fail-on": "high,new"}, true, "high,new", ""},
		{"none", []string{fork, branch, expired}, nil, false, "high", "to compare with"},
		{"none, and new ones alone count", nil, map[string]string{"inputs.fail-on": "medium,new"}, false, "medium", "every violation counts as new"},
		{"none, and new ones of the usual severity count", nil, map[string]string{"inputs.fail-on": "new"}, false, "high", "every violation counts as new"},
		{"one that is named", nil, map[string]string{"inputs.previous": "earlier.json", "inputs.fail-on": "new"}, true, "new", ""},
		{"none is wanted", []string{ours}, map[string]string{"inputs.previous": "none", "inputs.fail-on": "new"}, false, "new", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRunner(t, tt.inputs)
			r.program("gh", gh)
			for name, text := range map[string]string{"earlier.json": "earlier", "artifacts.json": `{"artifacts": [` + strings.Join(tt.artifacts, ",") + "]}"} {
				if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if code := r.step("earlier"); code != 0 {
				t.Fatalf("the step ended with %d:\n%s", code, &r.said)
			}
			path := r.value("steps.earlier.outputs.path")
			data, _ := os.ReadFile(path)
			if (path != "") != tt.found || tt.found && string(data) != "earlier" {
				t.Errorf("found %q with %q; the calls were\n%s", path, data, r.file("calls"))
			}
			if got := r.value("steps.earlier.outputs.fail-on"); got != tt.failOn {
				t.Errorf("the threshold is %q, want %q", got, tt.failOn)
			}
			if !strings.Contains(r.said.String(), tt.says) || (tt.says == "") == strings.Contains(r.said.String(), "::notice::") {
				t.Errorf("it said %q, want %q", &r.said, tt.says)
			}
		})
	}
	r := newRunner(t, map[string]string{"inputs.fail-on": "high,new"})
	r.program("gh", gh)
	if err := os.WriteFile(filepath.Join(r.dir, "broken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code := r.step("earlier"); code != 0 || r.value("steps.earlier.outputs.fail-on") != "high" || !strings.Contains(r.said.String(), "actions: read") {
		t.Errorf("without the permission the step ended with %d and said %q", code, &r.said)
	}
}

// TestActionComparesWithItself: what one run recorded, the next finds nothing new against.
func TestActionComparesWithItself(t *testing.T) {
	r := newRunner(t, map[string]string{"inputs.fail-on": "never", "inputs.previous": "none", "inputs.args": "--demo\n--now\n" + now + "\n--rule\nROLE1002"})
	for _, run := range []struct {
		failOn, previous string
		code             int
	}{{"never", "none", 0}, {"high,new", "out/result.json", 0}, {"high", "out/result.json", 3}} {
		r.values["inputs.fail-on"], r.values["inputs.previous"] = run.failOn, run.previous
		r.step("earlier")
		r.step("scan")
		if code := r.step("end"); code != run.code {
			t.Fatalf("with %+v the action ended with %d:\n%s", run, code, &r.said)
		}
	}
	if r.value("steps.scan.outputs.new") != "0" || r.value("steps.scan.outputs.fixed") != "0" {
		t.Errorf("the outputs don't tell what changed: %v", r.values)
	}
	// The same bundle, judged again, and with nothing to tell what is new by.
	r.values["inputs.bundle"], r.values["inputs.args"], r.values["inputs.out"] = "out/evidence", "--rule\nROLE1002", "again"
	for _, run := range []struct {
		failOn, says string
		code         int
	}{{"high", "**Exit code 3:**", 3}, {"new", "name one with --previous", 2}} {
		r.values["inputs.fail-on"], r.values["inputs.previous"] = run.failOn, "none"
		r.step("earlier")
		r.step("scan")
		if code := r.step("end"); code != run.code || r.value("steps.scan.outputs.result") != "again/result.json" || !strings.Contains(r.file("summary"), run.says) {
			t.Errorf("judging the bundle with %+v ended with %d:\n%s", run, code, &r.said)
		}
	}
}

// newKey makes a signing key for a runner, and returns its private half.
func (r *runner) newKey() string {
	r.t.Helper()
	if code, _, stderr := run1(r.t, "key", "new", "--quiet", "--out", filepath.Join(r.dir, "key.pem")); code != 0 {
		r.t.Fatal(stderr)
	}
	return r.file("key.pem")
}

// signed checks that the key of newKey signed what stands in the folder out, that the rules
// saw an earlier result that it signed, and that the key is nowhere else.
func (r *runner) signed(key string) {
	r.t.Helper()
	trust := []string{"--trusted", filepath.Join(r.dir, "key.pem.pub"), "--require-signature"}
	for _, path := range []string{"evidence", "result.json"} {
		if code, _, stderr := run1(r.t, append([]string{"verify", filepath.Join(r.dir, "out", path)}, trust...)...); code != 0 {
			r.t.Errorf("verifying %s ended with %d: %s", path, code, stderr)
		}
	}
	if line := r.file("out/evidence/previous_result.ndjson"); !strings.Contains(line, `"chain":"intact"`) {
		r.t.Errorf("the earlier result was not read with its signature: %s", line)
	}
	secret := strings.Split(key, "\n")[1]
	err := filepath.WalkDir(r.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "key.pem" {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), secret) {
			r.t.Errorf("the key stands in %s", path)
		}
		return err
	})
	if err != nil || strings.Contains(r.said.String(), secret) {
		r.t.Errorf("the key is in the log, or %v:\n%s", err, &r.said)
	}
}

// TestActionSigns: with a key from a secret everything is signed, and the earlier result is
// compared with as one that is; without one nothing is.
func TestActionSigns(t *testing.T) {
	r := newRunner(t, map[string]string{"inputs.fail-on": "never", "inputs.previous": "none"})
	key := r.newKey()
	r.values["inputs.args"] = "--demo\n--now\n" + now + "\n--rule\nROLE1002\n--trusted\nkey.pem.pub"
	for _, run := range []struct{ key, previous string }{{"", "none"}, {key, "none"}, {key, "out/result.json"}} {
		r.values["inputs.signing-key"], r.values["inputs.previous"] = run.key, run.previous
		r.step("earlier")
		r.step("scan")
		if code := r.step("end"); code != 0 {
			t.Fatalf("the action ended with %d:\n%s", code, &r.said)
		}
		if _, err := os.Stat(filepath.Join(r.dir, "out", "result.dsse.json")); (err == nil) != (run.key != "") {
			t.Errorf("with the key of %d characters the result's signature is %v", len(run.key), err)
		}
	}
	r.signed(key)
}

// TestTemplatesSign: the other templates sign with a key from a variable, in the forms that
// such a variable has there.
func TestTemplatesSign(t *testing.T) {
	scripts := templates(t)
	for name, variable := range map[string]func(key string) string{
		"gitlab": func(string) string { return "key.pem" },
		"azure":  func(key string) string { return strings.ReplaceAll(key, "\n", "\\n") },
	} {
		r := newRunner(t, nil)
		ciNeeds(t, "sha256sum")
		digest, key := r.pack(), r.newKey()
		if code, _, stderr := run1(t, "scan", "--demo", "--now", now, "--rule", "ROLE1002", "--quiet", "--fail-on", "never", "--key", filepath.Join(r.dir, "key.pem"), "--out", filepath.Join(r.dir, "before")); code != 0 {
			t.Fatal(stderr)
		}
		if code := r.bash("for end in json dsse.json; do cp before/result.$end earlier.$end; done; mkdir temp/previous; cp before/result.* temp/previous", nil); code != 0 {
			t.Fatal(r.said.String())
		}
		code := r.bash(scripts[name], append(templateEnv(digest), "DOMICILE_FAIL_ON=high,new", "DOMICILE_ARGS=--demo --now "+now+" --rule ROLE1002 --trusted key.pem.pub", "DOMICILE_SIGNING_KEY="+variable(key)))
		if code != 0 {
			t.Fatalf("%s ended with %d:\n%s", name, code, &r.said)
		}
		r.signed(key)
	}
}

// TestActionComments: one comment for each tenant, which is found again, and none of a
// person's is written over.
func TestActionComments(t *testing.T) {
	const comments = `[{"id": 1, "user": {"type": "User"}, "body": "<!-- domicile: weak -->"}, {"id": 2, "user": {"type": "Bot"}, "body": "<!-- domicile: good -->"}, {"id": 3, "user": {"type": "Bot"}, "body": "<!-- domicile: weak -->\nold"}, {"id": 4, "user": {"type": "Bot"}, "body": "<!-- domicile: weak -->\nolder"}]`
	for existing, want := range map[string]string{comments: "--method PATCH repos/contoso/tenants/issues/comments/3 ", "[]": "--method POST repos/contoso/tenants/issues/7/comments "} {
		r := newRunner(t, nil)
		r.program("gh", gh)
		if err := os.Mkdir(filepath.Join(r.dir, "out"), 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"out/report.comment.md": "what is new\n", "comments.json": existing} {
			if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if code := r.step("comment"); code != 0 || !strings.Contains(r.file("calls"), want) || r.file("body.md") != "<!-- domicile: weak -->\nwhat is new\n" {
			t.Errorf("commenting ended with %d, want %q:\n%s\n%s%s", code, want, r.file("calls"), r.file("body.md"), &r.said)
		}
		if err := os.WriteFile(filepath.Join(r.dir, "broken"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if code := r.step("comment"); code != 0 || !strings.Contains(r.said.String(), "::notice::The pull request could not be commented on") {
			t.Errorf("without the permission commenting ended with %d and said %q", code, &r.said)
		}
	}
}

// curl stands in for the program that downloads: an archive, or the file earlier.json, or its
// signature, where there is one.
const curl = `url=${@: -1}
echo "$url" >> calls
while [ "$1" != --output ]; do shift; done
case $url in
  *.tar.gz) tar -czf "$2" -C pack domicile ;;
  */result.dsse.json*) [ -f earlier.dsse.json ] && cp earlier.dsse.json "$2" ;;
  *) [ -f earlier.json ] && cp earlier.json "$2" ;;
esac
`

// pack makes the archive that curl gives, of a program that is domicile, and returns its
// digest.
func (r *runner) pack() string {
	r.t.Helper()
	r.program("curl", strings.ReplaceAll(curl, "-C pack", "--mtime=@0 -C "+r.dir+"/pack"))
	if err := os.Mkdir(filepath.Join(r.dir, "pack"), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "pack", "domicile"), []byte("#!/bin/sh\nexec domicile \"$@\"\n"), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if code := r.bash("curl --output sample x.tar.gz; shasum -a 256 sample | cut -d' ' -f1 > digest; rm calls", nil); code != 0 {
		r.t.Fatal(r.said.String())
	}
	return strings.TrimSpace(r.file("digest"))
}

// TestActionInstallsARelease: what was named, or nothing.
func TestActionInstallsARelease(t *testing.T) {
	r := newRunner(t, nil)
	digest := r.pack()
	tests := []struct {
		version, sha256 string
		code            int
	}{
		{"1.2.3", digest, 0}, {"1.2.3-rc.1", digest, 0}, {"1.2.3", strings.Repeat("0", 64), 2}, {"1.2.3", "", 2}, {"latest", digest, 2}, {"1.2.3/../x", digest, 2},
	}
	for _, tt := range tests {
		r.values["inputs.version"], r.values["inputs.sha256"] = tt.version, tt.sha256
		for _, name := range []string{"path", "calls"} {
			if err := os.RemoveAll(filepath.Join(r.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		if code := r.step("install"); code != tt.code || (r.file("path") != "") != (tt.code == 0) {
			t.Fatalf("installing %+v ended with %d and put %q into the path:\n%s", tt, code, r.file("path"), &r.said)
		}
		if tt.code != 0 {
			continue
		}
		if !strings.Contains(r.file("calls"), "/releases/download/v"+tt.version+"/domicile_"+tt.version+"_") {
			t.Errorf("it downloaded %s", r.file("calls"))
		}
		if code := r.bash(strings.TrimSpace(r.file("path"))+"/domicile version", nil); code != 0 {
			t.Errorf("what was installed ended with %d:\n%s", code, &r.said)
		}
	}
}

// TestActionBuildsItself: what its reference holds, under that name.
func TestActionBuildsItself(t *testing.T) {
	for ref, want := range map[string]string{"v1.2.3": " VERSION=1.2.3", "feature/$(x)": " VERSION=0.0.0-feature---x-", "": ""} {
		r := newRunner(t, map[string]string{"github.action_path": "/actions/domicile", "github.action_ref": ref})
		r.program("make", "echo \"make $*\" > calls\n")
		if code := r.step("build"); code != 0 || r.file("calls") != "make -C /actions/domicile build"+want+"\n" || r.file("path") != "/actions/domicile/bin\n" {
			t.Errorf("building %q ended with %d, called %q and put %q into the path", ref, code, r.file("calls"), r.file("path"))
		}
	}
}

// templates are the scripts of the other templates, by the program that runs them.
func templates(t *testing.T) map[string]string {
	t.Helper()
	scripts := map[string]string{"gitlab": ciScripts(t, "ci/gitlab.yml")["ci/gitlab.yml/domicile/script"]}
	for _, place := range []string{"1", "3"} {
		// Its steps are processes of their own, and go on after an error.
		scripts["azure"] += "(set +e\n" + ciScripts(t, "ci/azure-pipelines.yml")["ci/azure-pipelines.yml/jobs/0/steps/"+place] + ")\n"
	}
	for name, script := range scripts {
		if script == "" {
			t.Fatalf("the script of %s was not found", name)
		}
	}
	return scripts
}

// templateEnv are the variables that the templates' pipelines have.
func templateEnv(digest string) []string {
	return []string{
		"DOMICILE_TENANT=weak", "DOMICILE_VERSION=1.2.3", "DOMICILE_SHA256=" + digest,
		"CI_JOB_TOKEN=t", "CI_API_V4_URL=https://gitlab.example/api/v4", "CI_PROJECT_ID=1", "CI_DEFAULT_BRANCH=main", "CI_JOB_NAME=domicile",
	}
}

// TestTemplatesEnd runs the scripts of the other templates around a scan.
func TestTemplatesEnd(t *testing.T) {
	tests := []struct {
		tenant, failOn, rules string
		previous              bool
		code                  int
	}{
		{"good", "high,new", "ROLE1002", false, 0},
		{"weak", "high,new", "ROLE1002", false, 3},
		{"weak", "new", "ROLE1002", false, 3},
		{"weak", "high,new", "ROLE1002", true, 0},
		{"weak", "never", "ROLE1002", true, 0},
		{"weak", "high", "XDR1001", false, 4},
		{"weak", "severe", "ROLE1002", false, 2},
	}
	for name, script := range templates(t) {
		r := newRunner(t, nil)
		ciNeeds(t, "sha256sum")
		digest := r.pack()
		args := "--demo --now " + now + " --rule "
		if code, _, stderr := run1(t, "scan", "--demo", "--now", now, "--rule", "ROLE1002", "--quiet", "--out", filepath.Join(r.dir, "before")); code != exitViolations {
			t.Fatalf("the earlier scan ended with %d: %s", code, stderr)
		}
		for _, tt := range tests {
			for _, gone := range []string{"out", ".domicile", "earlier.json", "temp/previous"} {
				if err := os.RemoveAll(filepath.Join(r.dir, gone)); err != nil {
					t.Fatal(err)
				}
			}
			if tt.previous {
				if code := r.bash("cp before/result.json earlier.json; mkdir temp/previous; cp before/result.json temp/previous", nil); code != 0 {
					t.Fatal(r.said.String())
				}
			}
			r.said.Reset()
			code := r.bash(script, append(templateEnv(digest), "DOMICILE_TENANT="+tt.tenant, "DOMICILE_FAIL_ON="+tt.failOn, "DOMICILE_ARGS="+args+tt.rules))
			if code != tt.code {
				t.Errorf("%s: %+v ended with %d:\n%s", name, tt, code, &r.said)
			}
			if _, err := os.Stat(filepath.Join(r.dir, "out", "report.junit.xml")); (err == nil) != (tt.code != 2) {
				t.Errorf("%s: %+v left the reports of %v", name, tt, err)
			}
		}
	}
}
