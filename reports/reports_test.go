package reports_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/golden"
	"github.com/domicile-audit/domicile/reports"
)

func render(t testing.TB, format string, result *findings.Result) []byte {
	t.Helper()
	chosen, err := reports.FormatByName(reports.Formats(), format)
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
		if found, err := reports.FormatByName(reports.Formats(), format.Name); err != nil || found.File != format.File {
			t.Errorf("FormatByName(%q) = %q, %v", format.Name, found.File, err)
		}
	}
	want := map[string]bool{
		"report.txt": true, "result.json": true, "report.sarif": true, "report.github.sarif": true, "report.html": true, "report.csv": true, "report.xlsx": true,
		"report.junit.xml": true, "report.md": true, "report.comment.md": true, "report.gitlab.json": true, "report.oscal.json": true, "report.ocsf.ndjson": true,
	}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("files differ (-want +got):\n%s", diff)
	}
}

func TestFormatByNameListsTheKnownOnes(t *testing.T) {
	_, err := reports.FormatByName(reports.Formats(), "docx")
	if err == nil || !strings.Contains(err.Error(), `"docx"`) || !strings.Contains(err.Error(), "text, json, sarif") {
		t.Errorf("FormatByName(docx) = %v, want an error that lists the formats", err)
	}
}

func TestReports(t *testing.T) {
	for tenant, result := range fixtures() {
		for _, format := range reports.Formats() {
			t.Run(tenant+"/"+format.Name, func(t *testing.T) {
				made := render(t, format.Name, result)
				if format.Name == "xlsx" {
					golden.Check(t, filepath.Join("testdata", tenant, format.File+".txt"), []byte(sheets(t, made)))
					return
				}
				golden.Check(t, filepath.Join("testdata", tenant, format.File), made)
			})
		}
	}
}

// The golden results and a large one fit the schema that is published for them.
func TestResultsFitTheirSchema(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(findings.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("result.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("result.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob("testdata/*/result.json")
	if err != nil || len(paths) != len(fixtures()) {
		t.Fatalf("golden results %q, %v; want one for each of %d tenants", paths, err, len(fixtures()))
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		validate(t, schema, path, data)
	}
	validate(t, schema, "many", render(t, "json", many(10_000)))
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

// hidden are the characters that no report but result.json carries.
var hidden = regexp.MustCompile(`[\x00-\x09\x0b-\x1f\x7f-\x{9f}\x{ad}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{fffe}\x{ffff}]`)

// command is what the log of a CI server obeys.
var command = regexp.MustCompile(`##[A-Za-z]*\[|(?m)^ *::`)

// readable is the text of a report: of a workbook that of its parts, of a table without
// what marks it as one.
func readable(t testing.TB, format string, made []byte) string {
	t.Helper()
	switch format {
	case "xlsx":
		return strings.ReplaceAll(parts(t, made), "\r\n", "\n")
	case "csv":
		return strings.ReplaceAll(strings.TrimPrefix(string(made), "\ufeff"), "\r\n", "\n")
	}
	return string(made)
}

// checkShown fails the test if a report hides a character.
func checkShown(t testing.TB, format string, made []byte) {
	t.Helper()
	if format == "json" {
		return
	}
	text := readable(t, format, made)
	if !utf8.ValidString(text) {
		t.Errorf("%s is not UTF-8", format)
	}
	if at := hidden.FindStringIndex(text); at != nil {
		t.Errorf("%s holds the hidden character %q in %q", format, text[at[0]:at[1]], text[max(0, at[0]-40):at[1]])
	}
	if at := command.FindString(text); at != "" {
		t.Errorf("%s holds the command %q of a CI server", format, at)
	}
}

func TestReportsShowHiddenCharacters(t *testing.T) {
	for _, format := range reports.Formats() {
		if format.Name == "json" {
			continue
		}
		made := render(t, format.Name, weak())
		checkShown(t, format.Name, made)
		text := readable(t, format.Name, made)
		if !strings.Contains(html.UnescapeString(text), "⟨U+202E⟩") {
			t.Errorf("%s doesn't show U+202E", format.Name)
		}
		if strings.Contains(text, strings.Repeat("long ", 500)) {
			t.Errorf("%s doesn't cut a name of 10,000 characters", format.Name)
		}
	}
}

// Whatever stands wherever something from outside may stand, every report is well formed
// and shows it.
func TestReportsTakeHostileText(t *testing.T) {
	for _, s := range append(hostile(), "", "bad\xffbytes", "\x00", "line\nbreak") {
		for _, format := range reports.Formats() {
			checkFormat(t, format.Name, render(t, format.Name, seeded(s)))
		}
		for _, width := range []int{40, 57, 80} {
			for _, made := range []string{text(t, seeded(s), reports.TextOptions{Width: width}), summary(t, seeded(s), reports.TextOptions{Width: width})} {
				checkShown(t, "text", []byte(made))
			}
		}
	}
}

func FuzzReports(f *testing.F) {
	formats := reports.Formats()
	for _, s := range append(hostile(), `" onclick=alert(1) x="`, `{{template "x"}}`, "bad\xffbytes") {
		for i := range formats {
			f.Add(s, i)
		}
	}
	f.Fuzz(func(t *testing.T, s string, i int) {
		format := formats[uint(i)%uint(len(formats))]
		checkFormat(t, format.Name, render(t, format.Name, seeded(s)))
	})
}

// checkFormat holds a report to the syntax of its format.
func checkFormat(t testing.TB, format string, made []byte) {
	t.Helper()
	checkShown(t, format, made)
	switch format {
	case "html":
		checkTags(t, made, 1)
	case "gitlab":
		readGitLab(t, made)
	case "json", "sarif", "sarif-github", "oscal":
		var document any
		decode(t, format, made, &document)
		if path, found := findNull(document, "$"); found {
			t.Errorf("%s has null at %s", format, path)
		}
	case "ocsf":
		readOCSF(t, made)
	case "junit":
		readJUnit(t, made)
	case "csv":
		readCSV(t, made)
	case "xlsx":
		sheets(t, made)
		if strings.Contains(parts(t, made), "<f>") {
			t.Error("the workbook has a formula")
		}
	case "markdown", "comment":
		checkMarkdown(t, string(made))
	}
}

func decode(t testing.TB, format string, made []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(made, into); err != nil {
		t.Fatalf("the %s report is not JSON: %v", format, err)
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

// A report of many findings stays within what its reader takes; one that lists them all
// takes a few kilobytes for each.
func TestReportsOfManyFindingsKeepTheirLimits(t *testing.T) {
	limits := map[string]int{"text": 32 << 10, "html": 3 << 20, "xlsx": 10 << 20, "junit": 1 << 20, "markdown": 900 << 10, "sarif-github": 9_500_000}
	for _, n := range []int{10_000, 25_000} {
		result := many(n)
		for _, format := range reports.Formats() {
			limit, known := limits[format.Name]
			if !known {
				limit = n * 4 << 10
			}
			var size counter
			w, end := io.Writer(&size), func() error { return nil }
			if format.Name == "sarif-github" {
				compressed := gzip.NewWriter(&size)
				w, end = compressed, compressed.Close
			}
			if err := errors.Join(format.Write(w, result), end()); err != nil {
				t.Fatalf("writing %s: %v", format.Name, err)
			}
			if int(size) > limit || size == 0 {
				t.Errorf("%d findings as %s take %d bytes, want at most %d", n, format.Name, size, limit)
			}
		}
	}
}

// counter counts the bytes that are written to it.
type counter int

func (c *counter) Write(data []byte) (int, error) {
	*c += counter(len(data))
	return len(data), nil
}

// BenchmarkFormats measures what 25,000 findings take: the time, what is allocated in all,
// and the most that the heap holds beside the result while a report is written.
func BenchmarkFormats(b *testing.B) {
	result := many(25_000)
	for _, format := range reports.Formats() {
		b.Run(format.Name, func(b *testing.B) {
			b.ReportAllocs()
			runtime.GC()
			m := &meter{before: heap()}
			for b.Loop() {
				m.size = 0
				if err := format.Write(m, result); err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(m.size))
			}
			b.ReportMetric(float64(m.peak)/1e6, "peak-MB")
		})
	}
}

// meter counts the bytes that are written to it, and looks at the heap with each write.
type meter struct {
	size         counter
	before, peak uint64
}

func (m *meter) Write(data []byte) (int, error) {
	if now := heap(); now > m.before {
		m.peak = max(m.peak, now-m.before)
	}
	return m.size.Write(data)
}

// heap is the number of bytes that the heap's objects take, dead ones included.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// TestReportsSayPseudonyms: whoever reads a report knows that its names are none. GitLab's list of
// findings has no place to say it, and the table of the CSV report always a column for it.
func TestReportsSayPseudonyms(t *testing.T) {
	for _, format := range reports.Formats() {
		result := weak()
		if text := plainText(t, format.Name, render(t, format.Name, result)); strings.Contains(strings.Replace(text, ",pseudonyms\r\n", "", 1), "seudonym") {
			t.Errorf("%s speaks of pseudonyms where there are none", format.Name)
		}
		result.Pseudonyms = "0123456789abcdef"
		text := plainText(t, format.Name, render(t, format.Name, result))
		if says := strings.Contains(text, "0123456789abcdef"); says == (format.Name == "gitlab") {
			t.Errorf("%s says that there are pseudonyms, and of which key: %t", format.Name, says)
		}
	}
}

// plainText is the text of a report, that of a workbook's parts included.
func plainText(t *testing.T, format string, report []byte) string {
	t.Helper()
	if format != "xlsx" {
		return string(report)
	}
	archive, err := zip.NewReader(bytes.NewReader(report), int64(len(report)))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, file := range archive.File {
		part, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&text, part); err != nil {
			t.Fatal(err)
		}
		part.Close()
	}
	return text.String()
}
