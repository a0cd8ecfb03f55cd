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
	return writePage(w, "report.html.tmpl", result, onScreen())
}

// WritePrintable writes the Result as a page that is made to be printed: what the HTML
// report shows first, every violated rule with its findings and how to mend it, and of the
// other rules the verdict. It has no script, and says what it leaves out.
func WritePrintable(w io.Writer, result *findings.Result) error {
	return writePage(w, "print.html.tmpl", result, onPaper())
}

func writePage(w io.Writer, layout string, result *findings.Result, room room) error {
	page, err := newPage(result.Normalised(), room)
	if err != nil {
		return fmt.Errorf("writing the HTML report: %w", err)
	}
	return render(w, layout, page)
}

// render writes a page by its layout.
func render(w io.Writer, layout string, page any) error {
	templates, err := template.New("page").ParseFS(pageFiles, "page/*.tmpl")
	if err != nil {
		return fmt.Errorf("writing the HTML report: %w", err)
	}
	// The page is rendered whole before a byte is written, so that a fault leaves no half.
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, layout, page); err != nil {
		return fmt.Errorf("writing the HTML report: %w", err)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("writing the HTML report: %w", err)
	}
	return nil
}

// assets are the style sheets and the script of the page, which may be empty, and the
// policy that allows them alone. All are files of this package; no word of the tenant is ever part of them.
type assets struct {
	Style  template.CSS
	Script template.JS
	Policy string
}

// reportScript is the script of the HTML report, and laterScript what all scripts begin with.
const reportScript, laterScript = "page/report.js", "page/later.js"

// newAssets reads the style sheets, and the script in a file, which is empty for none.
func newAssets(scriptFile string, more ...string) (assets, error) {
	var style []byte
	for _, sheet := range append([]string{"page/report.css"}, more...) {
		text, err := pageFiles.ReadFile(sheet)
		if err != nil {
			return assets{}, err
		}
		style = append(style, text...)
	}
	out := assets{
		Style:  template.CSS(style), //nolint:gosec // G203: a file of this package, never the tenant's text
		Policy: fmt.Sprintf("default-src 'none'; style-src '%s'; img-src data:; base-uri 'none'; form-action 'none'", sourceHash(style)),
	}
	if scriptFile == "" {
		return out, nil
	}
	var script []byte
	for _, file := range []string{laterScript, scriptFile} {
		text, err := pageFiles.ReadFile(file)
		if err != nil {
			return assets{}, err
		}
		script = append(script, text...)
	}
	out.Script = template.JS(script) //nolint:gosec // G203: a file of this package, never the tenant's text
	out.Policy += fmt.Sprintf("; script-src '%s'", sourceHash(script))
	return out, nil
}

// sourceHash is the hash of an inline style or script as a policy names it (CSP Level 3,
// 2.3.1).
func sourceHash(source []byte) string {
	sum := sha256.Sum256(source)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
