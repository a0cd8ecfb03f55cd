package policies_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// auditFacts is a section of what an auditor of the subject knows, where that stands beside
// the project.
func auditFacts(t *testing.T, number int) string {
	t.Helper()
	data, err := os.ReadFile("../../shared/facts/audit.md")
	if err != nil {
		t.Skip("the auditor's facts are not beside the project: nothing to compare with")
	}
	_, after, begins := strings.Cut(string(data), "\n## "+strconv.Itoa(number)+". ")
	section, _, ends := strings.Cut(after, "\n## ")
	if !begins || !ends {
		t.Fatalf("section %d is not in the auditor's facts", number)
	}
	return section
}

// cells are those of a row of a Markdown table; none for another line.
func cells(line string) []string {
	if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| #") {
		return nil
	}
	row := strings.Split(strings.Trim(line, "|\n"), "|")
	for i := range row {
		row[i] = strings.TrimSpace(row[i])
	}
	return row
}

// ruleIDs are the rules that a text names, as XDR1001 to 1003, 1007 or GEO1015/1016.
func ruleIDs(text string) []string {
	var ids []string
	var topic string
	var last int
	for _, found := range regexp.MustCompile(`(to )?\b([A-Z]{3,4})?(\d{4})\b`).FindAllStringSubmatch(text, -1) {
		if found[2] != "" {
			topic = found[2]
		}
		number, _ := strconv.Atoi(found[3])
		first := number
		if found[1] != "" {
			first = last + 1
		}
		for ; first <= number; first++ {
			ids = append(ids, topic+strconv.Itoa(first))
		}
		last = number
	}
	return ids
}

// TestDecisionTables demands of each rule that is judged by a decision table, for each row,
// a Rego test that names the row, and for each verdict of the row one whose name says it.
func TestDecisionTables(t *testing.T) {
	files := regoFiles(t)
	sources := map[string]string{}
	for _, rule := range shipped(t).Rules() {
		sources[rule.ID] = string(files[strings.TrimSuffix(rule.File, ".rego")+"_test.rego"])
	}
	tables := strings.Split(auditFacts(t, 7), "\n### ")[1:]
	if len(tables) != 10 {
		t.Errorf("there are %d decision tables, want 10", len(tables))
	}
	for _, table := range tables {
		title, body, _ := strings.Cut(table, "\n")
		number, subject, _ := strings.Cut(title, " ")
		subject, _, _ = strings.Cut(subject, " (with")
		rules, count := ruleIDs(subject), 0
		for line := range strings.Lines(body) {
			row := cells(line)
			if row == nil {
				continue
			}
			count++
			if own, err := strconv.Atoi(row[0]); err == nil && own != count {
				t.Errorf("table %s numbers its row %d as %d", number, count, own)
			}
			for i, outcome := range row[2:] {
				concerned := rules
				if len(row) > 3 {
					concerned = rules[i : i+1]
				}
				only := slices.DeleteFunc(ruleIDs(row[0]+" "+row[1]), func(id string) bool { return !slices.Contains(rules, id) })
				if len(only) > 0 {
					concerned = only
				}
				if outcome != "" {
					checkRow(t, number, count, outcome, concerned, sources)
				}
			}
		}
		if count == 0 {
			t.Errorf("table %s has no row", number)
		}
	}
}

// checkRow looks for the tests of one row's outcome among the rules that it concerns.
func checkRow(t *testing.T, table string, row int, outcome string, rules []string, sources map[string]string) {
	t.Helper()
	var names []string
	for _, id := range rules {
		found := regexp.MustCompile(`(?m)^test_row_`+strconv.Itoa(row)+`_\w+`).FindAllString(sources[id], -1)
		if len(found) == 0 {
			t.Errorf("%s has no test that names row %d of table %s: %s", id, row, table, outcome)
		}
		names = append(names, found...)
	}
	said := strings.Join(names, " ")
	for _, verdict := range regexp.MustCompile(`\*\*(?:pass|fail)|\b(?:unknown|not_applicable)\b`).FindAllString(outcome, -1) {
		if verdict = strings.Trim(verdict, "*"); !strings.Contains(said, verdict) {
			t.Errorf("no test of row %d of table %s says %s: %s", row, table, verdict, said)
		}
	}
}

// frameworkColumns say how the controls of each column of the table of mappings are written.
var frameworkColumns = []struct {
	framework string
	control   *regexp.Regexp
}{
	{"cis_m365", regexp.MustCompile(`^\d+(\.\d+){2,3}$`)},
	{"scuba", regexp.MustCompile(`^(MS\.[A-Z]+\.)?\d+\.\d+v\d+$`)},
	{"nist_800_53", regexp.MustCompile(`^[A-Z]{2}-\d+(\(\d+\))?$`)},
	{"iso_27001", regexp.MustCompile(`^A\.\d+\.\d+$`)},
}

// TestFrameworkMappings holds what the rules claim of each framework's controls to the table
// of the mappings that are safe: the same controls, none at a higher coverage.
func TestFrameworkMappings(t *testing.T) {
	coverages := map[string]int{"evidence": 1, "part": 2, "full": 3}
	safe := map[string]map[string]map[string]string{}
	for line := range strings.Lines(auditFacts(t, 6)) {
		row := cells(line)
		if row == nil || row[0] == "rule" {
			continue
		}
		of := laws(row[5])
		for i, column := range frameworkColumns {
			of[column.framework] = controls(row[i+1], column.control)
		}
		for _, id := range ruleIDs(row[0]) {
			safe[id] = of
		}
	}
	for _, rule := range shipped(t).Rules() {
		for _, framework := range []string{"cis_m365", "scuba", "nist_800_53", "iso_27001", "gdpr", "nis2", "dora"} {
			limits, claimed := safe[rule.ID][framework], map[string]bool{}
			for _, control := range rule.Frameworks[framework] {
				claimed[control.ID] = true
				if coverages[control.Coverage] > coverages[limits[control.ID]] {
					t.Errorf("%s claims %s %s as %s, and the facts say %q", rule.ID, framework, control.ID, control.Coverage, limits[control.ID])
				}
			}
			if diff := cmp.Diff(slices.Sorted(maps.Keys(limits)), slices.Sorted(maps.Keys(claimed))); diff != "" {
				t.Errorf("%s maps other controls of %s than the facts (-facts +rule):\n%s", rule.ID, framework, diff)
			}
		}
	}
}

// controls reads a cell: the coverage stands behind the controls that it is of, and is part
// where none does. A control that counts only under a condition is no safe mapping, and one
// that is full only then is part.
func controls(cell string, control *regexp.Regexp) map[string]string {
	found := map[string]string{}
	for group := range strings.SplitSeq(cell, ";") {
		var pending, last []string
		prefix := ""
		for word := range strings.FieldsSeq(group) {
			word = strings.Trim(word, ",*")
			switch {
			case control.MatchString(word):
				if strings.HasPrefix(word, "MS.") {
					prefix = word[:strings.IndexAny(word, "0123456789")]
				} else {
					word = prefix + word
				}
				pending = append(pending, word)
				found[word] = "part"
			case word == "full", word == "part":
				for _, id := range pending {
					found[id] = word
				}
				pending, last = nil, pending
			case word == "if":
				for _, id := range last {
					found[id] = "part"
				}
			case word == "only":
				for _, id := range pending {
					delete(found, id)
				}
			}
		}
	}
	return found
}

// laws reads the cell of the laws, which rules only ever support by evidence: GDPR 30(1)(d),
// (e) names two paragraphs, and 44 to 46 three articles.
func laws(cell string) map[string]map[string]string {
	found := map[string]map[string]string{"gdpr": {}, "nis2": {}, "dora": {}}
	law, last := "", ""
	for _, word := range regexp.MustCompile(`GDPR|NIS2|DORA|to \d+|\d+(?:\(\w\))*|\([a-z]\)`).FindAllString(cell, -1) {
		switch _, isLaw := found[strings.ToLower(word)]; {
		case isLaw:
			law = strings.ToLower(word)
			continue
		case strings.HasPrefix(word, "to "):
			first, _ := strconv.Atoi(last)
			end, _ := strconv.Atoi(word[3:])
			for article := first + 1; article <= end; article++ {
				found[law][strconv.Itoa(article)] = "evidence"
			}
			continue
		case strings.HasPrefix(word, "("):
			last = last[:strings.LastIndex(last, "(")] + word
		default:
			last = word
		}
		found[law][last] = "evidence"
	}
	return found
}
