package alerts_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/findings"
	"github.com/domicile-audit/domicile/internal/alerts"
	"github.com/domicile-audit/domicile/internal/config"
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
	teamsURL = "teams://11111111-4444-4444-8444-cccccccccccc@22222222-4444-4444-8444-cccccccccccc/33333333012222222222333333333344/44444444-4444-4444-8444-cccccccccccc/V2ESyij_gAljSoUQHvZoZYzlpAoAXExyOl26dlf1xHEx05?host=contoso.webhook.office.com"
)

func TestReceiversTakeADigest(t *testing.T) {
	template, err := alerts.NewTemplate("")
	if err != nil {
		t.Fatal(err)
	}
	sample := alerts.Sample("security", time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC))
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
		send(t, teamsURL)
		got := one(t, w.take())
		if !strings.Contains(got.raw, title) || !strings.Contains(got.raw, "New violations (1)") || !strings.HasPrefix(got.path, "/webhookb2/") {
			t.Errorf("Teams got %q at %s", got.raw, got.path)
		}
	})
	t.Run("mail", func(t *testing.T) {
		m := newMailbox(t)
		send(t, "smtp://"+m.Addr().String()+"/?from=domicile@contoso.com&to=security@contoso.com&encryption=None&useStartTLS=no")
		mails := m.take()
		if len(mails) != 1 || !strings.Contains(mails[0], "New violations (1)") || !strings.Contains(mails[0], "Subject: ") {
			t.Errorf("the mailbox got %q", mails)
		}
	})
}

// TestErrorsShowNoAddress: an address holds secrets, and a receiver may send them back.
func TestErrorsShowNoAddress(t *testing.T) {
	for _, address := range []string{
		"", "hunter2", "://hunter2", "slack://hunter2", "hunter2://hunter2@hunter2/hunter2?hunter2=hunter2", "generic+ftp://hunter2\x7f", "discord://hunter2", "smtp://ann:hunter2@[", "teams://hunter2",
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
		"generic://" + w.host() + "/hunter2?disabletls=yes":                                  "the receiver answered 418",
		"generic://" + strings.TrimPrefix(closed.URL, "http://") + "/hunter2?disabletls=yes": "nobody listens",
		"generic://" + w.host() + "/hunter2":                                                 "didn't take it", // it speaks no TLS
		"ntfy://ann:hunter2@" + w.host() + "/hunter2?scheme=http":                            "the receiver",
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
