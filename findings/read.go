package findings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The limits of Read, which keep a hostile file from taking the machine.
const (
	maxBytes    = 512 << 20
	maxRules    = 10_000
	maxEvidence = 10_000
	maxGaps     = 100_000
	maxWaivers  = 100_000
	maxDepth    = 64
)

// Read reads a result.json that this or an older version of the program wrote, strictly:
// an unknown field, a key given twice, a word outside the closed lists, a finding of a rule
// that is not listed, or an outcome, a count or an exit code that the rest contradicts is an
// error that says where. A newer format is refused with a hint. What comes back is normalised.
func Read(r io.Reader) (*Result, error) {
	return read(r, func(result *Result) error {
		if err := check(result); err != nil {
			return err // outcomes and counts say nothing of what is broken itself
		}
		return checkVerdicts(result)
	})
}

// ReadHead reads a result.json whose findings have been taken out, as Read does, but for the
// outcomes and counts that follow from findings.
func ReadHead(r io.Reader) (*Result, error) { return read(r, check) }

// ReadOrigin reads of a result.json whose it is and when its scan began, and nothing behind
// that: what it returns is what the file says, which Read checks.
func ReadOrigin(r io.Reader) (tenant Tenant, started time.Time, err error) {
	decoder := json.NewDecoder(io.LimitReader(r, maxBytes))
	wanted := map[string]any{"tenant": &tenant, "started": &started}
	token, err := decoder.Token()
	if err == nil && token != json.Delim('{') {
		err = errors.New("it is no JSON object")
	}
	for err == nil && len(wanted) > 0 && decoder.More() {
		if token, err = decoder.Token(); err != nil {
			break
		}
		key, _ := token.(string)
		into, known := wanted[key]
		if !known {
			into = new(json.RawMessage)
		}
		delete(wanted, key)
		err = decoder.Decode(into)
	}
	switch {
	case err == nil && (tenant.ID == "" || len(wanted) > 0):
		err = errors.New("it doesn't say whose it is and when the scan began; is this a result.json?")
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return Tenant{}, time.Time{}, fmt.Errorf("reading the result: %w", err)
	}
	return tenant, started, nil
}

func read(r io.Reader, holds func(*Result) error) (*Result, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	if len(data) > maxBytes {
		return nil, fmt.Errorf("reading the result: it is larger than %d MiB; is this a result.json?", maxBytes>>20)
	}
	if err := checkVersion(data); err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	if err := checkKeys(data); err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	var result Result
	if err := decoder.Decode(&result); err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	if err := holds(&result); err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	return result.Normalised(), nil
}

// checkVersion looks at the version before anything else, as a newer format may hold
// fields that this program would take for mistakes.
func checkVersion(data []byte) error {
	var head struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return fmt.Errorf("parsing it: %w", err)
	}
	switch {
	case head.Version == nil:
		return errors.New("it has no version; is this a result.json?")
	case *head.Version < 1:
		return fmt.Errorf("version %d does not exist", *head.Version)
	case *head.Version > Version:
		return fmt.Errorf("it has version %d and this program reads up to %d\nhint: use the version of domicile that wrote it, or a newer one", *head.Version, Version)
	}
	return nil
}

// checkKeys refuses a key that stands twice in one object, also in another case: which
// of the two counts would differ from reader to reader. The data is JSON, as checkVersion found
// out, so that brackets and strings alone need a look, and a string before a colon is a key.
func checkKeys(data []byte) error {
	var open []map[string]bool // of each open object its keys so far, of an array none
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			if len(open) == maxDepth {
				return fmt.Errorf("it is nested deeper than %d levels, near byte %d", maxDepth, i)
			}
			open = append(open, nil)
		case '}', ']':
			open = open[:len(open)-1]
		case '"':
			from := i
			for i++; data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
			if !beforeColon(data[i+1:]) {
				continue
			}
			keys := &open[len(open)-1]
			if *keys == nil {
				*keys = map[string]bool{}
			}
			name, folded := keyOf(data[from : i+1])
			if (*keys)[folded] {
				return fmt.Errorf("the key %q stands twice in one object, near byte %d", name, i)
			}
			(*keys)[folded] = true
		}
	}
	return nil
}

// beforeColon says whether a colon comes next.
func beforeColon(data []byte) bool {
	for _, c := range data {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c == ':'
		}
	}
	return false
}

// keyOf decodes a key, and folds it as the decoder does, which takes letters that differ in case
// alone for the same, also those outside ASCII.
func keyOf(text []byte) (name, folded string) {
	if !slices.ContainsFunc(text, func(c byte) bool { return c == '\\' || c >= utf8.RuneSelf }) {
		name = string(text[1 : len(text)-1])
		return name, strings.ToUpper(name) // of ASCII the upper case is what folding gives
	}
	if json.Unmarshal(text, &name) != nil {
		name = string(text) // it is a string of a document that was found to be JSON
	}
	return name, strings.Map(func(r rune) rune {
		for next := unicode.SimpleFold(r); ; next = unicode.SimpleFold(next) {
			if next <= r {
				return next
			}
			r = next
		}
	}, name)
}

// check holds a decoded result to its closed lists and limits.
func check(result *Result) error {
	switch {
	case result.Tenant.ID == "":
		return errors.New("it names no tenant")
	case len(result.Rules) > maxRules:
		return fmt.Errorf("it lists %d rules, more than %d", len(result.Rules), maxRules)
	case len(result.Evidence) > maxEvidence:
		return fmt.Errorf("it lists %d kinds of evidence, more than %d", len(result.Evidence), maxEvidence)
	case len(result.Gaps) > maxGaps:
		return fmt.Errorf("it lists %d gaps, more than %d", len(result.Gaps), maxGaps)
	case len(result.Waivers) > maxWaivers:
		return fmt.Errorf("it lists %d waivers, more than %d", len(result.Waivers), maxWaivers)
	}
	rules := make(map[string]bool, len(result.Rules))
	for _, rule := range result.Rules {
		if rules[rule.ID] || rule.ID == "" {
			return fmt.Errorf("the rule %q is listed twice or has no id", rule.ID)
		}
		rules[rule.ID] = true
		if err := checkRule(rule); err != nil {
			return fmt.Errorf("rule %s: %w", rule.ID, err)
		}
	}
	for i, finding := range result.Findings {
		if !rules[finding.Rule] {
			return fmt.Errorf("finding %d is of rule %q, which is not listed", i, finding.Rule)
		}
		if err := checkFinding(finding); err != nil {
			return fmt.Errorf("finding %d of %s: %w", i, finding.Rule, err)
		}
	}
	return errors.Join(checkEvidence(result), checkWaivers(result), checkChange(result), checkRemediations(result))
}

// checkVerdicts holds outcomes, counts and the exit code against each other, so that no report
// can say less than another of the same result.
func checkVerdicts(result *Result) error {
	found, open, seen := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i, finding := range result.Findings {
		if seen[finding.Fingerprint] {
			return fmt.Errorf("finding %d of %s: its fingerprint is another finding's", i, finding.Rule)
		}
		seen[finding.Fingerprint] = true
		switch finding.Outcome {
		case Fail:
			open[finding.Rule] = true
		case Waived:
		case Pass, NotApplicable, Unknown:
			return fmt.Errorf("finding %d of %s: a finding is fail or waived, not %s", i, finding.Rule, finding.Outcome)
		}
		found[finding.Rule] = true
	}
	for _, rule := range result.Rules {
		allowed := Outcomes()
		switch {
		case open[rule.ID]:
			allowed = []Outcome{Fail}
		case found[rule.ID]:
			allowed = []Outcome{Waived, Unknown}
		}
		if !slices.Contains(allowed, rule.Outcome) {
			return fmt.Errorf("rule %s: the outcome is %s, and its findings make it %s", rule.ID, rule.Outcome, allowed[0])
		}
	}
	if !reflect.DeepEqual(normalSummary(result.Summary), Summarise(result.Rules, result.Findings)) {
		return errors.New("the summary doesn't count what rules and findings say")
	}
	if !slices.Contains([]int{ExitClean, ExitUsage, ExitViolations, ExitIncomplete}, result.Exit.Code) {
		return fmt.Errorf("no judgement ends with the exit code %d", result.Exit.Code)
	}
	return nil
}

func checkFinding(finding Finding) error {
	if !isSHA256(finding.Fingerprint) {
		return fmt.Errorf("the fingerprint %q is not a lower-case hex sha256", finding.Fingerprint)
	}
	return checkWords(finding.Outcome, finding.Severity)
}

func checkRule(rule Rule) error {
	if err := checkWords(rule.Outcome, rule.Severity); err != nil {
		return err
	}
	for _, reason := range rule.Reasons {
		if err := reason.Check(); err != nil {
			return err
		}
	}
	for _, observation := range rule.Observed {
		if err := observation.Check(); err != nil {
			return err
		}
	}
	for framework, controls := range rule.Frameworks {
		for _, control := range controls {
			if err := known("coverage", control.Coverage, coverages()); err != nil {
				return fmt.Errorf("control %s of %s: %w", control.ID, framework, err)
			}
		}
	}
	return nil
}

// checkEvidence checks what the verdicts rest on: the evidence, the gaps and the digests.
func checkEvidence(result *Result) error {
	for _, evidence := range result.Evidence {
		if err := known("tier", evidence.Tier, Tiers()); err != nil {
			return fmt.Errorf("evidence %s: %w", evidence.Kind, err)
		}
		if !isSHA256(evidence.SHA256) {
			return fmt.Errorf("evidence %s: the digest %q is not a lower-case hex sha256", evidence.Kind, evidence.SHA256)
		}
	}
	for _, gap := range result.Gaps {
		if err := known("reason", gap.Reason, Reasons()); err != nil {
			return fmt.Errorf("gap %s: %w", gap.Kind, err)
		}
	}
	d := result.Digests
	for _, digest := range []string{d.Evidence, d.Policies, d.Params, d.Waivers, d.Previous} {
		if digest != "" && !isSHA256(digest) {
			return fmt.Errorf("the digest %q is not a lower-case hex sha256", digest)
		}
	}
	return nil
}

func checkWords(outcome Outcome, severity Severity) error {
	if err := known("outcome", outcome, Outcomes()); err != nil {
		return err
	}
	return known("severity", severity, Severities())
}
