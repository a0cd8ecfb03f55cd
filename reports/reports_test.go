package reports_test

import (
	"bytes"
	"errors"
	"html"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/golden"
	"github.com/domicile-audit/domicile/reports"
)

func render(t testing.TB, format string, result *findings.Result) []byte {
	t.Helper()
	chosen, err := reports.FormatByName(format)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := chosen.Write(&out, result); err != nil {
		t.Fatalf("writing %s: %v", format, err)
	}
	return out.Bytes()
}

func TestFormatsAreWhole(t *testing.T) {
	names, files := map[string]bool{}, map[string]bool{}
	for _, format := range reports.Formats() {
		if format.Name == "" || format.Doc == "" || format.File == "" || format.Write == nil {
			t.Errorf("format %q lacks a name, a doc, a file or a writer", format.Name)
		}
		if names[format.Name] || files[format.File] {
			t.Errorf("format %q, file %q: the name or the file is used twice", format.Name, format.File)
		}
		names[format.Name], files[format.File] = true, true
		if found, err := reports.FormatByName(format.Name); err != nil || found.File != format.File {
			t.Errorf("FormatByName(%q) = %q, %v", format.Name, found.File, err)
		}
	}
	want := map[string]bool{"report.txt": true, "result.json": true, "report.sarif": true, "report.html": true}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("files differ (-want +got):\n%s", diff)
	}
}

func TestFormatByNameListsTheKnownOnes(t *testing.T) {
	_, err := reports.FormatByName("docx")
	if err == nil || !strings.Contains(err.Error(), `"docx"`) || !strings.Contains(err.Error(), "text, json, sarif, html") {
		t.Errorf("FormatByName(docx) = %v, want an error that lists the formats", err)
	}
}

func TestReports(t *testing.T) {
	for tenant, result := range fixtures() {
		for _, format := range reports.Formats() {
			t.Run(tenant+"/"+format.Name, func(t *testing.T) {
				golden.Check(t, filepath.Join("testdata", tenant, format.File), render(t, format.Name, result))
			})
		}
	}
}

// Equal input gives equal bytes, also through result.json, and the input stays as it is.
func TestReportsAreDeterministic(t *testing.T) {
	for tenant, result := range fixtures() {
		stored, err := findings.Read(bytes.NewReader(render(t, "json", result)))
		if err != nil {
			t.Fatalf("%s: %v", tenant, err)
		}
		for _, format := range reports.Formats() {
			first := render(t, format.Name, result)
			if !bytes.Equal(first, render(t, format.Name, fixtures()[tenant])) {
				t.Errorf("%s of %s differs between two renderings", format.Name, tenant)
			}
			if !bytes.Equal(first, render(t, format.Name, stored)) {
				t.Errorf("%s of %s differs when it is made from result.json", format.Name, tenant)
			}
		}
		if diff := cmp.Diff(fixtures()[tenant], result); diff != "" {
			t.Errorf("rendering changed %s (-want +got):\n%s", tenant, diff)
		}
	}
}

// No format but result.json carries a character that is not seen.
func TestReportsShowHiddenCharacters(t *testing.T) {
	hidden := regexp.MustCompile(`[\x00-\x09\x0b-\x1f\x7f-\x{9f}\x{ad}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}]`)
	for _, format := range reports.Formats() {
		if format.Name == "json" {
			continue
		}
		out := render(t, format.Name, weak())
		if found := hidden.Find(out); found != nil {
			t.Errorf("%s holds the hidden character %q", format.Name, found)
		}
		if !strings.Contains(html.UnescapeString(string(out)), "⟨U+202E⟩") {
			t.Errorf("%s doesn't show U+202E", format.Name)
		}
		if strings.Contains(string(out), strings.Repeat("long ", 500)) {
			t.Errorf("%s doesn't cut a name of 10,000 characters", format.Name)
		}
	}
}

// failingWriter fails after some bytes, as a full disk does.
type failingWriter struct{ room int }

var errFull = errors.New("no space left")

func (w *failingWriter) Write(data []byte) (int, error) {
	if len(data) > w.room {
		return w.room, errFull
	}
	w.room -= len(data)
	return len(data), nil
}

func TestReportsPassOnWriteErrors(t *testing.T) {
	for _, format := range reports.Formats() {
		if err := format.Write(&failingWriter{room: 100}, weak()); !errors.Is(err, errFull) {
			t.Errorf("writing %s to a full disk = %v, want %v", format.Name, err, errFull)
		}
	}
}

func BenchmarkFormats(b *testing.B) {
	result := many(10_000)
	for _, format := range reports.Formats() {
		b.Run(format.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var out bytes.Buffer
				if err := format.Write(&out, result); err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(out.Len()))
			}
		})
	}
}
