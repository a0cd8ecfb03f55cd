package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/reports"
)

//go:embed page
var files embed.FS

// pages are the templates of the pages, and what all pages have.
type pages struct {
	templates map[string]*template.Template
	style     template.CSS
	policy    string
	version   string
	now       func() time.Time
}

// names lists the templates, one file each.
func names() []string {
	return []string{"overview", "tenant", "finding", "rules", "rule", "waivers", "jobs", "job", "plans", "plan", "signin", "signedout", "error"}
}

func newPages(now func() time.Time, version string) (*pages, error) {
	shared, err := reports.StyleSheet()
	if err != nil {
		return nil, err
	}
	own, err := files.ReadFile("page/web.css")
	if err != nil {
		return nil, err
	}
	style := shared + string(own)
	sum := sha256.Sum256([]byte(style))
	p := &pages{
		templates: map[string]*template.Template{}, style: template.CSS(style), version: version, now: now, //nolint:gosec // G203: files of the program, never a tenant's text
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; base-uri 'none'; form-action 'self'",
	}
	parts, err := reports.Parts()
	if err != nil {
		return nil, err
	}
	base, err := parts.Funcs(p.functions()).ParseFS(files, "page/layout.html.tmpl")
	if err != nil {
		return nil, err
	}
	for _, name := range names() {
		clone, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if p.templates[name], err = clone.ParseFS(files, "page/"+name+".html.tmpl"); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// functions are what the templates call.
func (p *pages) functions() template.FuncMap {
	return template.FuncMap{
		"name": reports.CleanName, "text": reports.CleanText, "word": reports.Word, "plural": plural,
		"outcome":    func(o findings.Outcome) state { return state{reports.OutcomeState(o), reports.OutcomeWord(o)} },
		"sev":        reports.SeverityState,
		"ago":        func(t time.Time) string { return ago(p.now(), t) },
		"stamp":      func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") },
		"rfc3339":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"severities": func() []string { return []string{"critical", "high", "medium", "low", "info"} },
	}
}

// state is an icon and its word, as the template state shows them.
type state struct{ State, Word string }

// frame is what every page has around its own content.
type frame struct {
	Policy         string
	Style          template.CSS
	Version        string
	Title, Section string
	Who            visitor
	Path           string
	Page           any
}

// show writes a page. section is the entry of the navigation that it belongs to. It is
// rendered whole before a byte is written, so that a fault leaves no half.
func (p *pages) show(w http.ResponseWriter, r *http.Request, name string, status int, who visitor, title string, page any) error {
	var out bytes.Buffer
	of := frame{
		Policy: p.policy, Style: p.style, Version: p.version, Title: title, Section: name, Who: who, Path: r.URL.RequestURI(), Page: page,
	}
	if err := p.templates[name].ExecuteTemplate(&out, "layout", of); err != nil {
		return fmt.Errorf("rendering the page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", p.policy+"; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // nobody is left to be told of an error
	return nil
}

// ago says how long ago something was, or how soon it is.
func ago(now, t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := now.Sub(t)
	form := "%s ago"
	if d < 0 {
		d, form = -d, "in %s"
	}
	switch {
	case d < time.Minute:
		return map[bool]string{true: "now", false: "in a moment"}[form == "%s ago"]
	case d < time.Hour:
		return fmt.Sprintf(form, plural(int(d.Minutes()), "minute"))
	case d < 48*time.Hour:
		return fmt.Sprintf(form, plural(int(d.Hours()), "hour"))
	default:
		return fmt.Sprintf(form, plural(int(d.Hours()/24), "day"))
	}
}

// plural is a number and a noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func queryEscape(s string) string { return url.QueryEscape(s) }

func trimSlash(s string) string { return strings.TrimRight(s, "/") }

// pager leads from page to page of a list; each link is empty where there is nothing.
type pager struct {
	Earlier, Later string
	Says           string
}

// with is the request's address with a parameter set anew.
func with(r *http.Request, name, value string) string {
	query := r.URL.Query()
	if value == "" {
		query.Del(name)
	} else {
		query.Set(name, value)
	}
	if len(query) == 0 {
		return r.URL.EscapedPath()
	}
	return r.URL.EscapedPath() + "?" + query.Encode()
}
