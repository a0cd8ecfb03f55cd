package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/domicile-audit/domicile/findings"
)

// ciStep is a step of action.yml or of a workflow.
type ciStep struct {
	Name            string            `yaml:"name"`
	ID              string            `yaml:"id"`
	If              string            `yaml:"if"`
	Uses            string            `yaml:"uses"`
	With            map[string]string `yaml:"with"`
	Shell           string            `yaml:"shell"`
	Env             map[string]string `yaml:"env"`
	Run             string            `yaml:"run"`
	ContinueOnError bool              `yaml:"continue-on-error"`
}

// ciAction is action.yml.
type ciAction struct {
	Name        string            `yaml:"name"`
	Description string            `yaml:"description"`
	Author      string            `yaml:"author"`
	Branding    map[string]string `yaml:"branding"`
	Inputs      map[string]struct {
		Description string `yaml:"description"`
		Required    bool   `yaml:"required"`
		Default     string `yaml:"default"`
	} `yaml:"inputs"`
	Outputs map[string]struct {
		Description string `yaml:"description"`
		Value       string `yaml:"value"`
	} `yaml:"outputs"`
	Runs struct {
		Using string   `yaml:"using"`
		Steps []ciStep `yaml:"steps"`
	} `yaml:"runs"`
}

func ciFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func readAction(t *testing.T) ciAction {
	t.Helper()
	var action ciAction
	if err := yaml.NewDecoder(strings.NewReader(ciFile(t, "action.yml")), yaml.Strict()).Decode(&action); err != nil {
		t.Fatal(err)
	}
	return action
}

// gitHubFiles are the files that GitHub runs.
func gitHubFiles(t *testing.T) []string {
	t.Helper()
	workflows, err := filepath.Glob("../../.github/workflows/*.yml")
	if err != nil || len(workflows) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	files := []string{"action.yml", "ci/github.yml"}
	for _, path := range workflows {
		files = append(files, filepath.Join(".github/workflows", filepath.Base(path)))
	}
	return files
}

// ciScripts are the shell scripts of a file, by their place in it.
func ciScripts(t *testing.T, file string) map[string]string {
	t.Helper()
	var document any
	if err := yaml.Unmarshal([]byte(ciFile(t, file)), &document); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	scripts := map[string]string{}
	var walk func(place string, value any)
	walk = func(place string, value any) {
		switch value := value.(type) {
		case map[string]any:
			for key, member := range value {
				text, isText := member.(string)
				if isText && (key == "run" || key == "bash" || key == "script") {
					scripts[place] = text
				} else {
					walk(place+"/"+key, member)
				}
			}
		case []any:
			var lines []string
			for i, member := range value {
				if text, isText := member.(string); isText && strings.HasSuffix(place, "/script") {
					lines = append(lines, text)
				} else {
					walk(place+"/"+strconv.Itoa(i), member)
				}
			}
			if len(lines) > 0 {
				scripts[place] = strings.Join(lines, "\n")
			}
		}
	}
	walk(file, document)
	return scripts
}

// ciFiles are all files that pipelines run.
func ciFiles(t *testing.T) []string {
	t.Helper()
	return append(gitHubFiles(t), "ci/gitlab.yml", "ci/azure-pipelines.yml")
}

var (
	ciUses   = regexp.MustCompile(`(?m)^[ -]*uses: *(\S+)(.*)$`)
	ciPinned = regexp.MustCompile(`^([\w-]+/[\w-]+)(?:/[\w-]+)*@([0-9a-f]{40})$`)
	ciTagged = regexp.MustCompile(`^ # v\d+\.\d+\.\d+$`)
)

// TestActionsArePinned: what others wrote is named by its commit, with the version beside it,
// and in one version.
func TestActionsArePinned(t *testing.T) {
	commits := map[string]string{}
	for _, file := range gitHubFiles(t) {
		for _, match := range ciUses.FindAllStringSubmatch(ciFile(t, file), -1) {
			if match[1] == "./" || strings.HasPrefix(match[1], "domicile-audit/domicile@") {
				continue
			}
			pinned := ciPinned.FindStringSubmatch(match[1])
			if pinned == nil || !ciTagged.MatchString(match[2]) {
				t.Errorf("%s: %q is not pinned to a commit with its version behind it", file, match[0])
				continue
			}
			if known := commits[pinned[1]]; known != "" && known != pinned[2]+match[2] {
				t.Errorf("%s: %s stands in two versions", file, pinned[1])
			}
			commits[pinned[1]] = pinned[2] + match[2]
		}
	}
	if len(commits) < 3 {
		t.Errorf("only %v are used; is the pattern right?", commits)
	}
}

// TestScriptsAreSound: no script holds an expression, which would put text of others into
// it, and a shell can read each.
func TestScriptsAreSound(t *testing.T) {
	shellcheck, _ := exec.LookPath("shellcheck")
	seen := 0
	for _, file := range ciFiles(t) {
		for place, script := range ciScripts(t, file) {
			seen++
			if strings.Contains(script, "${{") {
				t.Errorf("%s holds an expression; pass it through env", place)
			}
			shell := "bash"
			if file == "ci/gitlab.yml" {
				shell = "sh"
			}
			ciNeeds(t, shell)
			check := exec.CommandContext(t.Context(), shell, "-n")
			if shellcheck != "" {
				check = exec.CommandContext(t.Context(), shellcheck, "--shell", shell, "-")
			}
			check.Stdin = strings.NewReader(script)
			if said, err := check.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", place, err, said)
			}
		}
	}
	if seen < 12 {
		t.Errorf("only %d scripts were found", seen)
	}
}

var (
	ciExpression = regexp.MustCompile(`\$\{\{\s*(.*?)\s*\}\}`)
	ciInput      = regexp.MustCompile(`\binputs\.([\w-]+)`)
	ciOutput     = regexp.MustCompile(`\bsteps\.([\w-]+)\.(outputs\.([\w-]+)|outcome)`)
)

// TestActionIsWhole: each input is described and used, and what is used is there.
func TestActionIsWhole(t *testing.T) {
	action := readAction(t)
	if action.Name == "" || action.Description == "" || action.Runs.Using != "composite" {
		t.Errorf("action.yml lacks a name, a description or composite steps: %+v", action)
	}
	text := ciFile(t, "action.yml")
	used := map[string]bool{}
	for _, match := range ciInput.FindAllStringSubmatch(text, -1) {
		used[match[1]] = true
		if _, known := action.Inputs[match[1]]; !known {
			t.Errorf("the input %s is used and not declared", match[1])
		}
	}
	for name, input := range action.Inputs {
		if input.Description == "" || !used[name] {
			t.Errorf("the input %s has no description or isn't used", name)
		}
	}
	steps := map[string]string{}
	for _, step := range action.Runs.Steps {
		if step.ID != "" {
			steps[step.ID] = step.Run
		}
		if step.Name == "" || (step.Run == "") == (step.Uses == "") || (step.Run != "") != (step.Shell == "bash") {
			t.Errorf("the step %q has no name, or is not one of a bash script and an action", step.Name)
		}
	}
	for _, match := range ciOutput.FindAllStringSubmatch(text, -1) {
		if _, known := steps[match[1]]; !known {
			t.Errorf("%s is of a step that isn't there", match[0])
		}
	}
	for name, output := range action.Outputs {
		if want := "${{ steps.scan.outputs." + name + " }}"; output.Description == "" || output.Value != want {
			t.Errorf("the output %s is %q, want %q with a description", name, output.Value, want)
		}
	}
	for _, outcome := range findings.Outcomes() {
		if name := strings.ReplaceAll(string(outcome), "_", "-"); action.Outputs[name].Value == "" {
			t.Errorf("the outcome %s is no output", name)
		}
	}
	last := action.Runs.Steps[len(action.Runs.Steps)-1]
	if last.If != "always()" || !strings.HasSuffix(strings.TrimSpace(last.Run), `exit "${CODE:-1}"`) {
		t.Errorf("the last step doesn't end as domicile ended: %+v", last)
	}
	for _, step := range action.Runs.Steps {
		if step.Uses != "" && strings.Contains(step.Uses, "upload") && !step.ContinueOnError {
			t.Errorf("an upload that fails hides domicile's exit code: %s", step.Name)
		}
	}
}

var (
	ciFlagLine = regexp.MustCompile(`\bargs\b|domicile"? scan|set -- |^\s*--format`)
	ciFlag     = regexp.MustCompile(`(?:^|[ (])--([a-z][a-z-]*)`)
	ciFormats  = regexp.MustCompile(`--format "?(?:\$\{FORMATS:\+\$FORMATS,\})?([a-z,-]+)`)
	ciReport   = regexp.MustCompile(`\b(?:out|OUT)/((?:report\.|result\.)[a-z.]*[a-z])`)
)

// TestPipelinesCallWhatIsThere: the flags, formats, thresholds and files that pipelines name
// are domicile's.
func TestPipelinesCallWhatIsThere(t *testing.T) {
	root := newRoot(Environment{})
	known := map[string]bool{}
	for _, name := range []string{"scan", "evaluate"} {
		command, _, err := root.Find([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(command.UsageString()) {
			for _, match := range ciFlag.FindAllStringSubmatch(line, -1) {
				known[match[1]] = true
			}
		}
	}
	var files []string
	for _, format := range formats(nil) {
		files = append(files, format.File)
	}
	for _, file := range []string{"action.yml", "ci/gitlab.yml", "ci/azure-pipelines.yml"} {
		flags, named := 0, 0
		for place, script := range ciScripts(t, file) {
			for line := range strings.Lines(script) {
				if !ciFlagLine.MatchString(line) {
					continue
				}
				for _, match := range ciFlag.FindAllStringSubmatch(line, -1) {
					if flags++; !known[match[1]] {
						t.Errorf("%s passes --%s, which domicile doesn't know", place, match[1])
					}
				}
				if match := ciFormats.FindStringSubmatch(line); match != nil {
					for name := range strings.SplitSeq(match[1], ",") {
						named++
						if !slices.Contains(formatNames(), name) {
							t.Errorf("%s asks for the format %q, which is none", place, name)
						}
					}
				}
			}
		}
		if flags < 4 || named < 3 {
			t.Errorf("only %d flags and %d formats were found in %s; are the patterns right?", flags, named, file)
		}
		for _, match := range ciReport.FindAllStringSubmatch(ciFile(t, file), -1) {
			if !slices.Contains(files, match[1]) {
				t.Errorf("%s names %s, which no format writes", file, match[1])
			}
		}
	}
	action := readAction(t)
	thresholds := []string{action.Inputs["fail-on"].Default}
	for _, file := range []string{"ci/github.yml", "ci/gitlab.yml", "ci/azure-pipelines.yml"} {
		for _, match := range regexp.MustCompile(`(?i)fail[-_]on: (?:\$\{\{ inputs\.record && '(\w+)' \|\| ')?([\w,]+)`).FindAllStringSubmatch(ciFile(t, file), -1) {
			thresholds = append(thresholds, match[2])
		}
	}
	if len(thresholds) < 4 {
		t.Errorf("only the thresholds %q were found", thresholds)
	}
	for _, words := range thresholds {
		if _, err := findings.ParseFailOn(words); err != nil {
			t.Error(err)
		}
	}
	_, call, found := strings.Cut(ciFile(t, "ci/github.yml"), "domicile-audit/domicile@")
	if !found {
		t.Error("ci/github.yml doesn't call the action")
	}
	for _, match := range regexp.MustCompile(`(?m)^          ([\w-]+): `).FindAllStringSubmatch(call, -1) {
		if _, known := action.Inputs[match[1]]; !known {
			t.Errorf("ci/github.yml passes the input %s, which action.yml doesn't declare", match[1])
		}
	}
}
