package alerts

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"
	"unicode/utf8"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/config"
)

// Digest is what an alert tells of one run: what changed for a tenant since the digest before.
// Every text in it that came from the tenant is inert already.
type Digest struct {
	// Key is the same where a digest is sent twice, because nobody knows whether it arrived.
	Key    string
	Alert  string
	Tenant Tenant
	Time   time.Time
	// Scan is the id in the history of the scan that says it, 0 where none does, and Link its
	// tenant's page, empty where the dashboard has no public address.
	Scan       int64
	Link       string
	New, Fixed *List
	// Unjudged are rules that could not be judged; their message says why.
	Unjudged *List
	Failed   *Failure
	Overdue  *Overdue
	// Recovered says that a scan succeeded after one that failed or was overdue.
	Recovered bool
	Expiring  []Expiry
}

// Tenant is whom a digest is about.
type Tenant struct{ Name, ID, Cloud string }

// List are violations, or rules, the worst first. Of many only some are shown.
type List struct {
	Count int
	Shown []Finding
}

// More is how many aren't shown.
func (l *List) More() int { return l.Count - len(l.Shown) }

// Finding is a violation, or a rule that could not be judged, which has no resource.
type Finding struct {
	Severity findings.Severity `json:"severity"`
	Rule     string            `json:"rule"`
	Resource string            `json:"resource"`
	Message  string            `json:"message"`
}

// Failure is a scan that failed.
type Failure struct {
	Job   int64
	Error string
}

// Overdue says that no scan has succeeded for longer than After. Last is when one did, zero if
// none ever has.
type Overdue struct {
	Last  time.Time
	After time.Duration
}

// Expiry is a waiver or an attestation that ends soon.
type Expiry struct {
	// Kind is waiver or attestation.
	Kind, About string
	Ends        time.Time
	// Over says that it has ended.
	Over bool
}

// maxShown is how many violations a list shows, maxDigest how many bytes a digest has, and
// maxTitle how many characters its title: the receivers have limits of their own, and some refuse
// what is longer. maxLast is how long a last line may be that is never cut.
const (
	maxShown  = 20
	maxDigest = 12_000
	maxTitle  = 200
	maxLast   = 500
)

// listOf is the list of some violations; nil for none.
func listOf(found []Finding) *List {
	if len(found) == 0 {
		return nil
	}
	slices.SortStableFunc(found, func(a, b Finding) int { return a.Severity.Rank() - b.Severity.Rank() })
	return &List{len(found), found[:min(len(found), maxShown)]}
}

// shown is a finding in inert words.
func shown(of findings.Finding) Finding {
	name := of.Resource.Name
	if name == "" {
		name = of.Resource.ID
	}
	return Finding{Severity: of.Severity, Rule: plain(of.Rule), Resource: plain(strings.ReplaceAll(of.Resource.Kind, "_", " ") + " " + name), Message: plain(of.Message)}
}

// unjudged is a rule that could not be judged, in inert words.
func unjudged(rule findings.Rule) Finding {
	message := rule.Title
	if len(rule.Reasons) > 0 {
		message += ": " + cmp.Or(rule.Reasons[0].Message, strings.ReplaceAll(rule.Reasons[0].Reason, "_", " "))
	}
	return Finding{Severity: rule.Severity, Rule: plain(rule.ID), Message: plain(message)}
}

// Summary is the digest in a few words.
func (d Digest) Summary() string {
	var parts []string
	add := func(is bool, format string, args ...any) {
		if is {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(d.Failed != nil, "the scan failed")
	add(d.Overdue != nil, "a scan is overdue")
	add(d.Recovered, "scans succeed again")
	if d.New != nil {
		add(true, "%d new, the worst %s", d.New.Count, d.New.Shown[0].Severity)
	}
	if d.Fixed != nil {
		add(true, "%d fixed", d.Fixed.Count)
	}
	if d.Unjudged != nil {
		add(true, "%d not judged", d.Unjudged.Count)
	}
	add(len(d.Expiring) > 0, "%d ending", len(d.Expiring))
	return strings.Join(parts, ", ")
}

// Empty says that there is nothing to tell.
func (d Digest) Empty() bool { return d.Summary() == "" }

//go:embed default.tmpl
var defaultText string

// Template turns digests into texts.
type Template struct{ parsed *template.Template }

// NewTemplate reads the text of a template, empty for the program's own, and tries it.
func NewTemplate(text string) (*Template, error) {
	root := template.New("digest").Option("missingkey=error").Funcs(template.FuncMap{
		"time": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
		"day":  func(t time.Time) string { return t.UTC().Format(time.DateOnly) },
	})
	parsed, err := root.Parse(defaultText)
	if err == nil && text != "" {
		parsed, err = parsed.Parse(text)
	}
	if err != nil {
		return nil, err
	}
	t := &Template{parsed}
	for _, digest := range []Digest{Sample("sample", time.Unix(0, 0)), {Tenant: Tenant{Name: "sample"}, Recovered: true}} {
		if _, _, err := t.Write(digest); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Write writes a digest: its title, and its text.
func (t *Template) Write(d Digest) (title, body string, err error) {
	var head, text strings.Builder
	if err := t.parsed.ExecuteTemplate(&head, "title", d); err != nil {
		return "", "", err
	}
	if err := t.parsed.Execute(&text, d); err != nil {
		return "", "", err
	}
	title = strings.Join(strings.Fields(head.String()), " ")
	if runes := []rune(title); len(runes) > maxTitle {
		title = string(runes[:maxTitle-1]) + "…"
	}
	return title, cut(strings.TrimSpace(text.String())), nil
}

// cut shortens a text that is too long, and says so.
func cut(text string) string {
	if len(text) <= maxDigest {
		return text
	}
	// The last line stays, where the key is.
	last := text[strings.LastIndexByte(text, '\n')+1:]
	if len(last) > maxLast {
		last = ""
	}
	return strings.TrimSpace(text[:runeStart(text, maxDigest-len(last))] + "…\n(cut: the digest is longer)\n" + last)
}

// runeStart is where the character begins that the byte at a place is of.
func runeStart(text string, at int) int {
	for !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

// Sample is a digest that shows everything that one may say.
func Sample(alert string, now time.Time) Digest {
	return Digest{
		Key: alert + "-sample", Alert: alert, Tenant: Tenant{Name: "sample", ID: "00000000-0000-4000-8000-000000000000", Cloud: "global"}, Time: now,
		New:      &List{1, []Finding{{findings.High, "GEO1002", "tenant sample", "This is a test: nothing was found."}}},
		Fixed:    &List{1, []Finding{{findings.Medium, "GEO1001", "tenant sample", "This is a test: nothing was fixed."}}},
		Unjudged: &List{1, []Finding{{findings.Low, "GEO1003", "", "This is a test: nothing is unknown."}}},
		Failed:   &Failure{Error: "this is a test: no scan failed"},
		Overdue:  &Overdue{After: 48 * time.Hour},
		Expiring: []Expiry{{"waiver", "W-sample of GEO1002", now.AddDate(0, 0, 7), false}},
	}
}

// OfResult is what an alert would tell of a result alone: the violations that are new in it, or
// all of them where it was compared with no earlier one, what is fixed, what could not be judged,
// and what ends soon.
func OfResult(alert config.Alert, result *findings.Result, now time.Time) Digest {
	d := Digest{Key: alert.Name + "-preview", Alert: alert.Name, Tenant: tenantOf(result.Tenant.Name, result.Tenant.ID, result.Tenant.Cloud), Time: now}
	var isNew, fixed, unknown []Finding
	for _, rule := range result.Rules {
		if rule.Outcome == findings.Unknown && rule.Severity.Rank() <= alert.MinSeverity.Rank() {
			unknown = append(unknown, unjudged(rule))
		}
	}
	for _, one := range result.Findings {
		if one.Outcome == findings.Fail && (result.Change == nil || one.Change == findings.New) && one.Severity.Rank() <= alert.MinSeverity.Rank() {
			isNew = append(isNew, shown(one))
		}
	}
	if result.Change != nil {
		for _, one := range result.Change.Gone {
			if one.Change == findings.Fixed && one.Outcome == findings.Fail && one.Severity.Rank() <= alert.MinSeverity.Rank() {
				fixed = append(fixed, shown(one))
			}
		}
	}
	d.New, d.Fixed, d.Unjudged, d.Expiring = listOf(isNew), listOf(fixed), listOf(unknown), expiring(alert, result.Waivers, nil, now)
	d.only(alert)
	return d
}

// only leaves the events in a digest that an alert tells of.
func (d *Digest) only(alert config.Alert) {
	for _, of := range []struct {
		event config.Event
		leave func()
	}{
		{config.OnNew, func() { d.New = nil }},
		{config.OnFixed, func() { d.Fixed, d.Recovered = nil, false }},
		{config.OnUnjudged, func() { d.Unjudged = nil }},
		{config.OnFailed, func() { d.Failed = nil }},
		{config.OnOverdue, func() { d.Overdue = nil }},
		{config.OnExpiring, func() { d.Expiring = nil }},
	} {
		if !alert.Tells(of.event) {
			of.leave()
		}
	}
}

func tenantOf(name, id, cloud string) Tenant { return Tenant{plain(name), plain(id), plain(cloud)} }

// expiring are the waivers and the other terms that end within the time that an alert says.
func expiring(alert config.Alert, waivers []findings.Waiver, others []Expiry, now time.Time) []Expiry {
	var all []Expiry
	for _, waiver := range waivers {
		last, err := time.Parse(time.DateOnly, waiver.Expires)
		if err == nil && waiver.State.InForce() {
			all = append(all, Expiry{"waiver", plain(waiver.ID + " of " + waiver.Rule + " for " + waiver.Resource.Kind + " " + waiver.Resource.ID), last.AddDate(0, 0, 1).Add(-time.Second), false})
		}
	}
	all = slices.DeleteFunc(append(all, others...), func(e Expiry) bool { return e.Ends.Sub(now) > time.Duration(alert.ExpiringWithin) })
	for i := range all {
		all[i].Over = now.After(all[i].Ends)
	}
	slices.SortStableFunc(all, func(a, b Expiry) int { return a.Ends.Compare(b.Ends) })
	return all
}
