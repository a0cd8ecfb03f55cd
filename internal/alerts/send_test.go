package alerts_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/alerts"
	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/golden"
)

// elsewhere leads every connection to a receiver on this machine, whatever the name of the host.
func elsewhere(t *testing.T, w *webhook) {
	t.Helper()
	server := httptest.NewTLSServer(w)
	t.Cleanup(server.Close)
	was := http.DefaultTransport
	http.DefaultTransport = &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // the receiver stands for any host
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", server.Listener.Addr().String())
		},
	}
	t.Cleanup(func() { http.DefaultTransport = was })
}

const (
	slackURL = "slack://hook:T0000000A-B0000000B-cccccccccccccccccccccccc@webhook"
	teamsURL = "teams+https://default1.16.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/0123456789abcdef/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=hunter2-_"
)

func TestReceiversTakeADigest(t *testing.T) {
	template, err := alerts.NewTemplate("")
	if err != nil {
		t.Fatal(err)
	}
	sample := alerts.Sample("security", time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC))
	sample.Link = "https://domicile.contoso.com/tenants/1"
	sample.New.Shown[0].Message = alerts.Plain("@channel <https://evil.example|press here> *now*")
	title, body, err := template.Write(sample)
	if err != nil {
		t.Fatal(err)
	}
	send := func(t *testing.T, address string) {
		t.Helper()
		receiver, err := alerts.NewReceiver(address)
		if err == nil {
			err = receiver.Send(title, body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Run("Slack", func(t *testing.T) {
		w := newWebhook(t)
		elsewhere(t, w)
		send(t, slackURL)
		got := one(t, w.take())
		var said struct {
			Text        string
			Attachments []struct{ Text string }
		}
		if err := json.Unmarshal([]byte(got.raw), &said); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, attachment := range said.Attachments {
			lines = append(lines, attachment.Text)
		}
		if strings.Join(lines, "\n") != body || said.Text != title || got.path != "/services/T0000000A/B0000000B/cccccccccccccccccccccccc" {
			t.Errorf("Slack got %q at %s", got.raw, got.path)
		}
	})
	t.Run("Teams", func(t *testing.T) {
		w := newWebhook(t)
		elsewhere(t, w)
		w.answers(func(w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) })
		send(t, teamsURL)
		got := one(t, w.take())
		if got.path != "/powerautomate/automations/direct/workflows/0123456789abcdef/triggers/manual/paths/invoke" || got.query != "api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=hunter2-_" {
			t.Errorf("Teams got it at %s?%s", got.path, got.query)
		}
		var indented bytes.Buffer
		if err := json.Indent(&indented, []byte(got.raw), "", "  "); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "testdata/teams.json", append(indented.Bytes(), '\n'))
	})
	t.Run("mail", func(t *testing.T) {
		m := newMailbox(t)
		send(t, "smtp://"+m.Addr().String()+"/?from=domicile@contoso.com&to=security@contoso.com&encryption=None&useStartTLS=no")
		mails := m.take()
		if len(mails) != 1 || !strings.Contains(mails[0], "\n"+body+"\n") || !strings.Contains(mails[0], "Subject: "+title+"\n") {
			t.Errorf("the mailbox got %q", mails)
		}
	})
}

// TestEachMailServerTakesAMail: its headers are ASCII, nothing ends one, and no line is longer than
// 998 bytes.
func TestEachMailServerTakesAMail(t *testing.T) {
	template, err := alerts.NewTemplate(`{{define "title"}}{{.Tenant.Name}}{{end}}{{with .New}}{{range .Shown}}{{.Message}}{{.Message}}{{end}}{{end}}` + "\n.\nthe end")
	if err != nil {
		t.Fatal(err)
	}
	d := alerts.Sample("security", time.Unix(0, 0))
	d.Tenant.Name = "Kärnten\r\nBcc: eve@evil.example\r\n\r\nhello " + strings.Repeat("é", 2000)
	d.New.Shown[0].Message = strings.Repeat("é", 1000)
	title, body, err := template.Write(d)
	if err != nil {
		t.Fatal(err)
	}
	m := newMailbox(t)
	receiver, err := alerts.NewReceiver("smtp://" + m.Addr().String() + "/?from=domicile@contoso.com&to=security@contoso.com&encryption=None&useStartTLS=no")
	if err == nil {
		err = receiver.Send(title, body)
	}
	if err != nil {
		t.Fatal(err)
	}
	mails := m.take()
	if len(mails) != 1 {
		t.Fatalf("the mailbox got %q", mails)
	}
	head, text, _ := strings.Cut(mails[0], "\n\n")
	for line := range strings.SplitSeq(head, "\n") {
		if strings.ContainsFunc(line, func(r rune) bool { return r > unicode.MaxASCII }) || strings.HasPrefix(line, "Bcc") || len(line) > 998 {
			t.Errorf("the mail has the header %q", line)
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		if len(line) > 998 {
			t.Errorf("the mail has a line of %d bytes", len(line))
		}
	}
	if got := strings.ReplaceAll(text, "\n", ""); got != strings.Repeat("é", 2000)+"..the end" {
		t.Errorf("the mail says %q", got)
	}
}

// guarded guards the client that the program guards.
func guarded(t *testing.T) {
	t.Helper()
	was := *http.DefaultClient
	alerts.Guard(http.DefaultClient)
	t.Cleanup(func() { *http.DefaultClient = was })
}

// TestWhatIsLedElsewhereIsNotTaken: a page to sign in at answers that all is well.
func TestWhatIsLedElsewhereIsNotTaken(t *testing.T) {
	guarded(t)
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		w := newWebhook(t)
		elsewhere(t, w)
		w.answers(func(to http.ResponseWriter) {
			to.Header().Set("Location", "/sign-in")
			to.WriteHeader(status)
		})
		for _, address := range []string{"generic://hooks.contoso.com/hunter2?template=json", teamsURL} {
			receiver, err := alerts.NewReceiver(address)
			if err != nil {
				t.Fatal(err)
			}
			if err = receiver.Send("title", "body"); err == nil || !strings.Contains(err.Error(), "leads elsewhere") {
				t.Errorf("Send to a receiver that answers %d = %v", status, err)
			}
			one(t, w.take())
		}
	}
}

// TestAnAnswerWithoutAnEnd is read no further than it needs to be.
func TestAnAnswerWithoutAnEnd(t *testing.T) {
	guarded(t)
	for _, address := range []string{"generic://hooks.contoso.com/hunter2?template=json", teamsURL} {
		w := newWebhook(t)
		elsewhere(t, w)
		written := make(chan int, 1)
		w.answers(func(to http.ResponseWriter) {
			all := 0
			for block := make([]byte, 1<<16); ; {
				n, err := to.Write(block)
				if all += n; err != nil || all > 1<<28 {
					written <- all
					return
				}
			}
		})
		receiver, err := alerts.NewReceiver(address)
		if err != nil {
			t.Fatal(err)
		}
		_ = receiver.Send("title", "body") // whether it was taken, nobody knows
		if all := <-written; all > 1<<26 {
			t.Errorf("%d bytes of an answer were taken", all)
		}
	}
}

// TestAMailServerThatHangs gets a few connections and no more: each would stay for ever.
func TestAMailServerThatHangs(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	receiver, err := alerts.NewReceiver("smtp://" + listener.Addr().String() + "/?from=domicile@contoso.com&to=security@contoso.com")
	if err != nil {
		t.Fatal(err)
	}
	receiver.Patience = 10 * time.Millisecond
	said := map[string]int{}
	for range 10 {
		said[receiver.Send("title", "body").Error()]++
	}
	if want := map[string]int{"the receiver didn't answer in time": 4, "the receiver hasn't answered what it was sent before": 6}; !maps.Equal(said, want) {
		t.Errorf("the errors are %v, want %v", said, want)
	}
	for range 4 {
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
	for receiver.Send("title", "body").Error() != "the receiver didn't answer in time" { // those have ended
		time.Sleep(time.Millisecond)
	}
}

func TestACutDigestKeepsItsKey(t *testing.T) {
	template, err := alerts.NewTemplate("")
	if err != nil {
		t.Fatal(err)
	}
	d := alerts.Sample("security", time.Unix(0, 0))
	for range 2000 {
		d.Expiring = append(d.Expiring, d.Expiring[0])
	}
	_, body, err := template.Write(d)
	if err != nil || len(body) > 12_100 || !strings.HasSuffix(body, "…\n(cut: the digest is longer)\nDigest security-sample of 1970-01-01 00:00 UTC") {
		t.Errorf("a digest of %d bytes ends with %q, %v", len(body), body[max(0, len(body)-100):], err)
	}
}

// TestErrorsShowNoAddress: an address holds secrets, and a receiver may send them back.
func TestErrorsShowNoAddress(t *testing.T) {
	for _, address := range []string{
		"", "hunter2", "://hunter2", "slack://hunter2", "hunter2://hunter2@hunter2/hunter2?hunter2=hunter2", "generic+ftp://hunter2\x7f", "discord://hunter2", "smtp://ann:hunter2@[", "teams://hunter2", "teams+https:///hunter2", "teams+http://hunter2", "slack+https://hunter2", "discord+https://hunter2", "teams+https://hunter2\x7f",
	} {
		if _, err := alerts.NewReceiver(address); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("NewReceiver(%q) = %v, want an error that doesn't show it", address, err)
		}
	}
	w := newWebhook(t)
	w.answers(func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("hunter2 again"))
	})
	closed := httptest.NewServer(nil)
	closed.Close()
	for address, want := range map[string]string{
		"generic://" + w.host() + "/hunter2?disabletls=yes":                                                     "the receiver answered 418",
		"generic://" + strings.TrimPrefix(closed.URL, "http://") + "/hunter2?disabletls=yes":                    "nobody listens",
		"generic://" + strings.TrimPrefix(closed.URL, "http://") + "/hunter2/status/200/timeout?disabletls=yes": "nobody listens",
		"generic://" + w.host() + "/hunter2":                                                                    "didn't take it", // it speaks no TLS
		"ntfy://ann:hunter2@" + w.host() + "/hunter2?scheme=http":                                               "the receiver",
	} {
		receiver, err := alerts.NewReceiver(address)
		if err != nil {
			t.Errorf("NewReceiver(%q) = %v", address, err)
			continue
		}
		if err := receiver.Send("title", "body"); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Send to %s = %v, want %q", address, err, want)
		}
	}
}

func TestTextOfTenantsIsInert(t *testing.T) {
	for _, hostile := range []string{
		"@channel", "<!channel>", "<@U024BE7LH>", "@everyone", "<at>Ann</at>", "[press](https://evil.example)", "<https://evil.example|press>", "https://evil.example/?q=1", "www.evil.example", "mailto:ann@evil.example",
		"*bold* _it_ ~no~ `code` | # head\n- item", "\u202eright\u202c", "a\x1b[31mb\x00\r\nSubject: evil", "&lt;!channel&gt;", ":rotating_light:", "\u200bx", strings.Repeat("x", 1000), "\xff\xfe",
	} {
		plain := alerts.Plain(hostile)
		for _, dangerous := range []string{"@c", "@e", "<", ">", "[", "]", "*", "_", "~", "`", "|", "#", "&", "\n", "\r", "\x1b", "\x00", "\u202e", "\u202c", "\u200b", "://", "www.e", "mailto:a", ":r", ".e"} {
			if strings.Contains(plain, dangerous) {
				t.Errorf("Plain(%q) = %q, which has %q", hostile, plain, dangerous)
			}
		}
		if len([]rune(plain)) > 2*301 {
			t.Errorf("Plain(%q) has %d characters", hostile, len([]rune(plain)))
		}
	}
	if got := alerts.Plain("Exchange Online in EU, since May"); got != "Exchange Online in EU, since May" {
		t.Errorf("a harmless text is told as %q", got)
	}
}

// TestTeamsTakesTheLongestDigest: it refuses messages of more than 28 KB, and whoever names what a
// tenant has may not keep a digest from being told.
func TestTeamsTakesTheLongestDigest(t *testing.T) {
	template, err := alerts.NewTemplate("")
	if err != nil {
		t.Fatal(err)
	}
	for _, hostile := range []string{`"`, `\`, "<", "&", "\u2028", "\x01", "\xff", "é", "本", "💣", "@", "."} {
		for _, length := range []int{60, 80, 100, 1000} {
			d := alerts.Sample("security", time.Unix(0, 0))
			one := alerts.Finding{Severity: findings.High, Rule: "GEO1001", Resource: alerts.Plain(strings.Repeat(hostile, length)), Message: alerts.Plain(strings.Repeat(hostile, length))}
			d.New = &alerts.List{Count: 20, Shown: slices.Repeat([]alerts.Finding{one}, 20)}
			d.Fixed, d.Unjudged = d.New, d.New
			title, body, err := template.Write(d)
			if err != nil {
				t.Fatal(err)
			}
			w := newWebhook(t)
			elsewhere(t, w)
			receiver, err := alerts.NewReceiver(teamsURL)
			if err == nil {
				err = receiver.Send(title, body)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := w.take(); len(got) != 1 || len(got[0].raw) > 28_000 {
				t.Errorf("a digest of %q has %d bytes", hostile, len(got[0].raw))
			}
		}
	}
}

func TestTemplates(t *testing.T) {
	for text, wrong := range map[string]string{
		"{{.Nothing}}": "Nothing", "{{.New.Shown": "unclosed", "{{.Overdue.After}}": "nil pointer", `{{define "title"}}{{.Wrong}}{{end}}`: "Wrong", "{{time}}": "time",
	} {
		if _, err := alerts.NewTemplate(text); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("NewTemplate(%q) = %v, want %q", text, err, wrong)
		}
	}
	b := newBench(t, config.Alert{})
	if err := os.WriteFile(filepath.Join(filepath.Dir(b.config.File), "own.tmpl"), []byte(`{{define "title"}}{{.Tenant.Name}} changed{{end}}{{with .New}}{{.Count}} in {{$.Tenant.ID}}{{end}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	b.config.Serve.Alerts[0].Template = "own.tmpl"
	b.open(t)
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Fail)}, nil, violation("GEO1001", findings.High, "US"))
	if digest := one(t, b.run(t)); digest.title != "contoso changed" || digest.message != "1 in "+tenantID {
		t.Errorf("the digest is %q", digest)
	}
	// Where it has nothing to say of something, the program's own says it.
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Pass)}, nil)
	says(t, one(t, b.run(t)), "Fixed (1):")
}

func TestAttestationsThatEnd(t *testing.T) {
	b := newBench(t, config.Alert{})
	b.fleet.evidence = filepath.Join(t.TempDir(), "evidence")
	writer, err := evidence.Create(b.fleet.evidence, evidence.Manifest{Tenant: evidence.Tenant{ID: tenantID, Name: "Contoso", Cloud: "global"}, Started: b.clock})
	if err != nil {
		t.Fatal(err)
	}
	kind, err := writer.Kind(evidence.Entry{Kind: "attestations", Tier: evidence.Attested, Time: b.clock})
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range []string{
		`{"fact": "soon @here", "validUntil": "2026-11-20T00:00:00Z"}`, `{"fact": "later", "validUntil": "2027-11-20T00:00:00Z"}`, `{"fact": "never", "validUntil": null}`,
	} {
		if err := kind.Write(json.RawMessage(object)); err != nil {
			t.Fatal(err)
		}
	}
	kind.Complete()
	if _, err := writer.Close(b.clock); err != nil {
		t.Fatal(err)
	}
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Pass)}, nil)
	none(t, b.run(t)) // more than two weeks are left
	b.clock = b.clock.AddDate(0, 0, 4)
	b.scanned(t, []findings.Rule{rule("GEO1001", findings.Pass)}, nil)
	says(t, one(t, b.run(t)), "the attestation soon @\u2060here ends on 2026-11-20", "!later", "!never")
	none(t, b.run(t))
}

func TestAPreviewOfAResult(t *testing.T) {
	result := &findings.Result{
		Tenant:   findings.Tenant{ID: tenantID, Name: "Contoso <!here>", Cloud: "global"},
		Findings: []findings.Finding{violation("GEO1001", findings.High, "US"), violation("GEO1002", findings.Low, "UK")},
	}
	alert := config.Alert{Name: "security", MinSeverity: findings.High, On: config.Events()}
	d := alerts.OfResult(alert, result, time.Unix(0, 0))
	if d.New.Count != 1 || d.New.More() != 0 || d.Fixed != nil || strings.Contains(d.Tenant.Name, "<") {
		t.Errorf("OfResult() = %+v", d)
	}
	result.Change = &findings.Change{Gone: []findings.Finding{violation("GEO1003", findings.Critical, "CN"), violation("GEO1004", findings.Critical, "CN")}}
	result.Change.Gone[0].Change, result.Change.Gone[1].Change = findings.Fixed, findings.Unjudged
	if d = alerts.OfResult(alert, result, time.Unix(0, 0)); d.New != nil || d.Fixed.Count != 1 {
		t.Errorf("OfResult() = %+v", d)
	}
	alert.On = []config.Event{config.OnNew}
	if d = alerts.OfResult(alert, result, time.Unix(0, 0)); !d.Empty() {
		t.Errorf("OfResult() = %+v, want nothing", d)
	}
}
