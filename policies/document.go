package policies

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Document writes a reference of the rules as Markdown, one section a rule, from their
// METADATA alone.
func (s *Set) Document(w io.Writer) error {
	var page strings.Builder
	page.WriteString("<!-- Generated from the rules' METADATA by make docs; do not edit. -->\n# Rules\n\n")
	fmt.Fprintf(&page, "%d rules. Coverage of a framework's control is full (a pass is what the control's audit asks), part (one of several\nconditions) or evidence (it supports a demonstration). Part and evidence never add up to compliance. The texts of\nISO 27001, GDPR, NIS2, DORA and NIST 800-53 were mapped from knowledge of their articles.\n", len(s.rules))
	for _, topic := range Topics() {
		fmt.Fprintf(&page, "\n## %s\n", strings.ToUpper(topic[:1])+topic[1:])
		for _, rule := range s.rules {
			if rule.Topic == topic {
				rule.document(&page)
			}
		}
	}
	_, err := io.WriteString(w, page.String())
	return err
}

func (r *Rule) document(page *strings.Builder) {
	fmt.Fprintf(page, "\n<a id=%q></a>\n### %s: %s\n\n%s\n\n", strings.ToLower(r.ID), r.ID, r.Title, r.Description)
	fmt.Fprintf(page, "- Severity: %s; scope: %s; file: `policies/%s`\n", r.Severity, r.Scope, r.File)
	fmt.Fprintf(page, "- Profiles: %s\n", strings.Join(r.Profiles, ", "))
	for _, need := range []struct {
		name  string
		kinds []string
	}{{"Evidence that must be there", r.Evidence.All}, {"Evidence of which any one suffices", r.Evidence.Any}, {"Evidence that adds to it", r.Evidence.Optional}} {
		if len(need.kinds) > 0 {
			fmt.Fprintf(page, "- %s: `%s`\n", need.name, strings.Join(need.kinds, "`, `"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		param := r.Params[name]
		value := "no default"
		if len(param.Default) > 0 {
			value = "default `" + string(param.Default) + "`"
		}
		fmt.Fprintf(page, "- Parameter `%s` (%s, %s): %s\n", name, param.Type, value, param.Description)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Frameworks)) {
		var controls []string
		for _, control := range r.Frameworks[name] {
			controls = append(controls, control.ID+" ("+control.Coverage+")")
		}
		fmt.Fprintf(page, "- Supports %s: %s\n", name, strings.Join(controls, ", "))
	}
	fmt.Fprintf(page, "\n**Remediation.** %s\n", r.Summary)
	if r.Action != "" {
		fmt.Fprintf(page, "`domicile remediate plan` proposes the action `%s` for it.\n", r.Action)
	}
	for _, profile := range slices.Backward(Profiles()) {
		if steps, own := r.Steps[profile]; own {
			fmt.Fprintf(page, "\n%s:\n\n", profile)
			for i, step := range steps {
				fmt.Fprintf(page, "%d. %s\n", i+1, step)
			}
		}
	}
	page.WriteString("\nMicrosoft's pages: ")
	for i, reference := range r.References {
		if i > 0 {
			page.WriteString(", ")
		}
		fmt.Fprintf(page, "<%s>", reference)
	}
	page.WriteString("\n")
}
