package metrics_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// vocabulary are the metrics that there are, with their labels and the values of those.
type vocabulary map[string]map[string][]string

func vocabularyOf(t *testing.T) vocabulary {
	t.Helper()
	m, _, _ := busy(t)
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	v := vocabulary{}
	for _, family := range families {
		labels := map[string][]string{"instance": nil, "job": nil} // Prometheus adds these
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = append(labels[label.GetName()], label.GetValue())
			}
		}
		names := []string{family.GetName()}
		if strings.EqualFold(family.GetType().String(), "histogram") {
			names = []string{family.GetName() + "_sum", family.GetName() + "_count", family.GetName() + "_bucket"}
			labels["le"] = nil
		}
		for _, name := range names {
			v[name] = labels
		}
	}
	return v
}

var (
	selector = regexp.MustCompile(`\b((?:domicile|process|go)_[a-z_]+)(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"`)
	grouping = regexp.MustCompile(`\b(?:by|on) \(([^)]*)\)`)
	legend   = regexp.MustCompile(`\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}`)
)

// closed are the labels whose values are words of the program, all of which are gathered.
var closed = []string{"outcome", "severity", "state"}

// check says what a query names that there isn't. known are the labels of its metrics.
func (v vocabulary) check(t *testing.T, query, said string) {
	t.Helper()
	known := map[string]bool{}
	for _, selected := range selector.FindAllStringSubmatch(query, -1) {
		labels, is := v[selected[1]]
		if !is {
			t.Errorf("%s names the metric %s, which there isn't", query, selected[1])
		}
		for label := range labels {
			known[label] = true
		}
		for _, matched := range matcher.FindAllStringSubmatch(selected[2], -1) {
			values, is := labels[matched[1]]
			if !is {
				t.Errorf("%s names the label %s, which %s hasn't", query, matched[1], selected[1])
			}
			for value := range strings.SplitSeq(matched[2], "|") {
				if slices.Contains(closed, matched[1]) && !slices.Contains(values, value) {
					t.Errorf("%s: %s is never %s", query, matched[1], value)
				}
			}
		}
	}
	if len(known) == 0 {
		t.Errorf("%s names no metric", query)
	}
	var named []string
	for _, group := range grouping.FindAllStringSubmatch(query, -1) {
		named = append(named, strings.Split(group[1], ", ")...)
	}
	for _, label := range legend.FindAllStringSubmatch(said, -1) {
		named = append(named, label[1])
	}
	for _, label := range named {
		if !known[label] {
			t.Errorf("%s (%s) names the label %s, which its metrics haven't", query, said, label)
		}
	}
}

func TestTheRulesNameWhatThereIs(t *testing.T) {
	data, err := os.ReadFile("../../deploy/prometheus/domicile.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				For         string            `yaml:"for"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.UnmarshalWithOptions(data, &rules, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	v := vocabularyOf(t)
	for _, rule := range rules.Groups[0].Rules {
		v.check(t, rule.Expr, rule.Annotations["summary"])
		if rule.Alert == "" || rule.Annotations["summary"] == "" || rule.Labels["severity"] == "" {
			t.Errorf("rule %q lacks a name, a summary or a severity", rule.Alert)
		}
	}
}

// TestTheDashboardNamesWhatThereIs, describes each panel, and lays none over another.
func TestTheDashboardNamesWhatThereIs(t *testing.T) {
	data, err := os.ReadFile("../../deploy/grafana/domicile.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Templating struct {
			List []struct{ Type, Definition string }
		}
		Panels []struct {
			ID                       int
			Type, Title, Description string
			GridPos                  struct{ H, W, X, Y int }
			Targets                  []struct{ Expr, LegendFormat, RefID string }
		}
	}
	if err := json.Unmarshal(data, &dashboard); err != nil {
		t.Fatal(err)
	}
	v := vocabularyOf(t)
	for _, variable := range dashboard.Templating.List {
		if variable.Type != "query" {
			continue
		}
		asked := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`).FindStringSubmatch(variable.Definition)
		if asked == nil {
			t.Fatalf("a variable asks %q", variable.Definition)
		}
		v.check(t, asked[1], "{{"+asked[2]+"}}")
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, panel := range dashboard.Panels {
		if ids[panel.ID] {
			t.Errorf("two panels have the id %d", panel.ID)
		}
		ids[panel.ID] = true
		if panel.Type != "row" && (panel.Title == "" || panel.Description == "" || len(panel.Targets) == 0) {
			t.Errorf("panel %d (%q) lacks a title, a description or a query", panel.ID, panel.Title)
		}
		for x := range panel.GridPos.W {
			for y := range panel.GridPos.H {
				at := [2]int{panel.GridPos.X + x, panel.GridPos.Y + y}
				if other := taken[at]; other != "" || at[0] >= 24 {
					t.Fatalf("%q lies over %q or outside", panel.Title, other)
				}
				taken[at] = panel.Title
			}
		}
		refs := map[string]bool{}
		for _, target := range panel.Targets {
			if refs[target.RefID] {
				t.Errorf("%q has the query %s twice", panel.Title, target.RefID)
			}
			refs[target.RefID] = true
			v.check(t, target.Expr, target.LegendFormat)
		}
	}
	if len(dashboard.Panels) < 20 {
		t.Errorf("there are %d panels", len(dashboard.Panels))
	}
}
