package reports

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/domicile-audit/domicile/findings"
)

//go:embed page
var pageFiles embed.FS

// writeHTML writes the Result as one self-contained page. It loads nothing and sends
// nothing: its Content-Security-Policy allows the one style sheet and the one script in
// it, by their hash, and forbids the rest. It can be read, printed and followed by its
// links without the script.
func writeHTML(w io.Writer, result *findings.Result) error {
	page, err := newPage(result.Normalised())
	if err != nil {
		return fmt.Errorf("writing the HTML report: %w", err)
	}
	layout, err := template.New("report.html.tmpl").ParseFS(pageFiles, "page/*.tmpl")
	if err != nil {
		return fmt.Errorf("writing the HTML report: %w", err)
	}
	// The page is rendered whole before a byte is written, so that a fault leaves no half.
	var out bytes.Buffer
	if err := layout.Execute(&out, page); err != nil {
		return fmt.Errorf("writing the HTML report: %w", err)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("writing the HTML report: %w", err)
	}
	return nil
}

// assets are the style sheet and the script of the page, and the policy that allows them
// alone. Both are files of this package; no word of the tenant is ever part of them.
type assets struct {
	Style  template.CSS
	Script template.JS
	Policy string
}

func newAssets() (assets, error) {
	style, err := pageFiles.ReadFile("page/report.css")
	if err != nil {
		return assets{}, err
	}
	script, err := pageFiles.ReadFile("page/report.js")
	if err != nil {
		return assets{}, err
	}
	return assets{
		Style:  template.CSS(style), //nolint:gosec // G203: a file of this package, never the tenant's text
		Script: template.JS(script), //nolint:gosec // G203: a file of this package, never the tenant's text
		Policy: fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; img-src data:; base-uri 'none'; form-action 'none'", sourceHash(style), sourceHash(script)),
	}, nil
}

// sourceHash is the hash of an inline style or script as a policy names it (CSP Level 3,
// 2.3.1).
func sourceHash(source []byte) string {
	sum := sha256.Sum256(source)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
