package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ciNeeds skips a test on a machine without the programs that every runner has.
func ciNeeds(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("there is no %s here", name)
		}
	}
}

// runner runs steps as a runner of GitHub does, in a folder of its own.
type runner struct {
	t      *testing.T
	action ciAction
	dir    string
	// values are what expressions stand for; inputs that aren't there have their default.
	values map[string]string
	// env goes over the environment.
	env []string
	// said is what the steps wrote so far.
	said bytes.Buffer
}

func newRunner(t *testing.T, values map[string]string) *runner {
	t.Helper()
	ciNeeds(t, "bash", "jq", "od", "tar", "shasum")
	r := &runner{t: t, action: readAction(t), dir: t.TempDir(), values: map[string]string{
		"github.repository": "contoso/tenants", "github.event.pull_request.number": "7", "github.token": "secret",
		"inputs.tenant": "weak", "steps.code-scanning.outcome": "skipped", "steps.artifact.outcome": "skipped", "steps.baseline.outcome": "skipped",
	}}
	for name, value := range values {
		r.values[name] = value
	}
	for _, name := range []string{"temp", "bin"} {
		if err := os.Mkdir(filepath.Join(r.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	r.env = append(os.Environ(),
		"PATH="+filepath.Join(r.dir, "bin")+string(filepath.ListSeparator)+os.Getenv("PATH"), "RUNNER_TEMP="+filepath.Join(r.dir, "temp"), "AGENT_TEMPDIRECTORY="+filepath.Join(r.dir, "temp"),
		"GITHUB_OUTPUT="+filepath.Join(r.dir, "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(r.dir, "summary"), "GITHUB_PATH="+filepath.Join(r.dir, "path"),
	)
	return r
}

// program puts a shell script before all other programs of a name.
func (r *runner) program(name, script string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, "bin", name), []byte("#!/usr/bin/env bash\nset -eu\n"+script), 0o700); err != nil {
		r.t.Fatal(err)
	}
}

func (r *runner) file(name string) string {
	r.t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil && !os.IsNotExist(err) {
		r.t.Fatal(err)
	}
	return string(data)
}

// bash runs a script and returns its exit code.
func (r *runner) bash(script string, env []string) int {
	r.t.Helper()
	path := filepath.Join(r.dir, "temp", "script.sh")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		r.t.Fatal(err)
	}
	command := exec.CommandContext(r.t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", path)
	command.Dir, command.Env = r.dir, append(slices.Clone(r.env), env...)
	command.Stdout, command.Stderr = &r.said, &r.said
	err := command.Run()
	if command.ProcessState == nil {
		r.t.Fatal(err)
	}
	return command.ProcessState.ExitCode()
}

// step runs the action's step of an id, with what its expressions stand for, and takes note
// of its outputs.
func (r *runner) step(id string) int {
	r.t.Helper()
	at := slices.IndexFunc(r.action.Runs.Steps, func(step ciStep) bool { return step.ID == id })
	if at < 0 {
		r.t.Fatalf("action.yml has no step %s", id)
	}
	step := r.action.Runs.Steps[at]
	var env []string
	for name, value := range step.Env {
		env = append(env, name+"="+ciExpression.ReplaceAllStringFunc(value, func(expression string) string {
			return r.value(ciExpression.FindStringSubmatch(expression)[1])
		}))
	}
	if err := os.RemoveAll(filepath.Join(r.dir, "output")); err != nil {
		r.t.Fatal(err)
	}
	code := r.bash(step.Run, env)
	for line := range strings.Lines(r.file("output")) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok {
			r.t.Errorf("the step %s writes the output %q", id, line)
		}
		r.values["steps."+id+".outputs."+name] = value
	}
	return code
}

func (r *runner) value(expression string) string {
	r.t.Helper()
	if value, known := r.values[expression]; known {
		return value
	}
	name, isInput := strings.CutPrefix(expression, "inputs.")
	if input, known := r.action.Inputs[name]; isInput && known {
		return ciExpression.ReplaceAllString(input.Default, "secret")
	}
	if !strings.HasPrefix(expression, "steps.") {
		r.t.Errorf("the test doesn't know what %s stands for", expression)
	}
	return ""
}
