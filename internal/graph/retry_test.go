package graph_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/graph"
)

func TestFreshToken(t *testing.T) {
	claims := `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
	tests := []struct {
		name       string
		api        collectors.API
		challenge  string
		refusals   int
		wantAuth   bool
		wantStatus int
	}{
		{"challenge", collectors.Graph, `Bearer realm="", error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(claims)) + `"`, 1, false, 0},
		{"no challenge", collectors.Graph, "Bearer", 1, false, 0},
		{"unreadable challenge", collectors.Graph, `Bearer claims=unquoted, claims="a"`, 1, false, 0},
		{"again", collectors.Graph, "Bearer", 2, true, 0},
		{"again with a challenge", collectors.Graph, `Bearer claims="` + base64.StdEncoding.EncodeToString([]byte(claims)) + `"`, 2, true, 0},
		{"again elsewhere", collectors.ARM, "Bearer", 2, false, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			refused := says(http.StatusUnauthorized, odata("InvalidAuthenticationToken", "Continuous access evaluation resulted in challenge."), "WWW-Authenticate", tt.challenge)
			handlers := []http.HandlerFunc{refused, refused}[:tt.refusals]
			f.answers(append(handlers, says(http.StatusOK, `{}`))...)
			client := f.connect(t)
			_, err := client.Get(t.Context(), collectors.Request{API: tt.api, Path: "x"})
			var auth *collectors.AuthError
			var refusal *collectors.RefusalError
			switch {
			case tt.wantAuth:
				if !errors.As(err, &auth) || !strings.Contains(err.Error(), "a fresh token was refused") {
					t.Errorf("Get() = %v, want an AuthError", err)
				}
			case tt.wantStatus != 0:
				if !errors.As(err, &refusal) || refusal.Status != tt.wantStatus {
					t.Errorf("Get() = %v, want a RefusalError with status %d", err, tt.wantStatus)
				}
			case err != nil:
				t.Errorf("Get() = %v", err)
			}
			if len(f.calls) != 2 || f.calls[0].header.Get("Authorization") == f.calls[1].header.Get("Authorization") {
				t.Errorf("sent %d requests, want two with a token each", len(f.calls))
			}
			if len(f.record) != 1 || f.record[0].Attempts != 2 {
				t.Errorf("recorded %+v, want one request of two attempts", f.record)
			}
			asked := f.logins[len(f.logins)-1].Get("claims")
			if got, want := strings.Contains(asked, "essential"), strings.Contains(tt.challenge, "ey"); got != want {
				t.Errorf("asked for claims %s, want those of the challenge: %v", asked, want)
			}
		})
	}
}

func TestBusy(t *testing.T) {
	ok := says(http.StatusOK, `{}`)
	throttled := func(status int, after string) http.HandlerFunc {
		return says(status, odata("TooManyRequests", "Slow down."), "Retry-After", after, "request-id", "r-9")
	}
	date := func(f *fake, d time.Duration) string { return f.now.Add(d).Format(http.TimeFormat) }
	tests := []struct {
		name    string
		answers func(*fake) []http.HandlerFunc
		maxWait time.Duration
		sleeps  []time.Duration
		want    *collectors.RefusalError
	}{
		{"seconds", func(*fake) []http.HandlerFunc { return []http.HandlerFunc{throttled(429, "17"), ok} }, 0, []time.Duration{17 * time.Second}, nil},
		{"longer than an attempt may take", func(*fake) []http.HandlerFunc { return []http.HandlerFunc{throttled(429, "300"), ok} }, 0, []time.Duration{300 * time.Second}, nil},
		{"date", func(f *fake) []http.HandlerFunc {
			return []http.HandlerFunc{throttled(503, date(f, 90*time.Second)), ok}
		}, 0, []time.Duration{90 * time.Second}, nil},
		{"date in the past", func(f *fake) []http.HandlerFunc { return []http.HandlerFunc{throttled(429, date(f, -time.Hour)), ok} }, 0, []time.Duration{time.Second}, nil},
		{"zero", func(*fake) []http.HandlerFunc { return []http.HandlerFunc{throttled(429, "0"), ok} }, 0, []time.Duration{time.Second}, nil},
		{"unreadable", func(*fake) []http.HandlerFunc { return []http.HandlerFunc{throttled(429, "soon"), ok} }, 0, []time.Duration{time.Second}, nil},
		{
			"no header", func(*fake) []http.HandlerFunc {
				return []http.HandlerFunc{throttled(504, ""), throttled(503, ""), throttled(429, ""), ok}
			},
			0,
			[]time.Duration{time.Second, 2 * time.Second, 4 * time.Second},
			nil,
		},
		{
			"given up", func(*fake) []http.HandlerFunc { return []http.HandlerFunc{throttled(429, "40")} },
			100 * time.Second,
			[]time.Duration{40 * time.Second, 40 * time.Second},
			&collectors.RefusalError{Status: 429, Code: "TooManyRequests", Message: "Slow down.", RequestID: "r-9", Reason: evidence.Throttled},
		},
		{
			"a wait without end", func(*fake) []http.HandlerFunc { return []http.HandlerFunc{throttled(429, "1e300")} },
			time.Hour, nil,
			&collectors.RefusalError{Status: 429, Code: "TooManyRequests", Message: "Slow down.", RequestID: "r-9", Reason: evidence.Throttled},
		},
		{
			"unavailable", func(*fake) []http.HandlerFunc { return []http.HandlerFunc{throttled(503, "3600")} },
			0, nil,
			&collectors.RefusalError{Status: 503, Code: "TooManyRequests", Message: "Slow down.", RequestID: "r-9", Reason: evidence.Throttled},
		},
		{
			"unavailable without a word", func(*fake) []http.HandlerFunc { return []http.HandlerFunc{throttled(503, "")} },
			-1, nil,
			&collectors.RefusalError{Status: 503, Code: "TooManyRequests", Message: "Slow down.", RequestID: "r-9", Reason: evidence.ServiceError},
		},
		{
			"no patience", func(*fake) []http.HandlerFunc { return []http.HandlerFunc{throttled(504, "1")} },
			-1, nil,
			&collectors.RefusalError{Status: 504, Code: "TooManyRequests", Message: "Slow down.", RequestID: "r-9", Reason: evidence.Throttled},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.now = f.now.Truncate(time.Second)
			handlers := tt.answers(f)
			f.answers(handlers...)
			client := f.connect(t, func(o *graph.Options) { o.MaxWait, o.AttemptTimeout = tt.maxWait, 5*time.Second })
			_, err := client.Get(t.Context(), graphPath("x"))
			switch tt.want {
			case nil:
				if err != nil {
					t.Errorf("Get() = %v", err)
				}
			default:
				var got *collectors.RefusalError
				if !errors.As(err, &got) || !cmp.Equal(got, tt.want) {
					t.Errorf("Get() = %+v, want %+v", err, tt.want)
				}
			}
			if !cmp.Equal(f.sleeps, tt.sleeps, cmpopts.EquateEmpty()) {
				t.Errorf("waited %v, want %v", f.sleeps, tt.sleeps)
			}
			if len(f.record) != 1 || f.record[0].Attempts != len(tt.sleeps)+1 {
				t.Errorf("recorded %+v, want one request of %d attempts", f.record, len(tt.sleeps)+1)
			}
		})
	}
}

func TestJitterSpreadsWaits(t *testing.T) {
	f := newFake(t)
	f.answers(says(http.StatusServiceUnavailable, ""), says(http.StatusServiceUnavailable, ""), says(http.StatusOK, `{}`))
	client := f.connect(t, func(o *graph.Options) { o.Jitter = func() float64 { return 0.5 } })
	if _, err := client.Get(t.Context(), graphPath("x")); err != nil {
		t.Fatal(err)
	}
	if want := []time.Duration{2 * time.Second, 4 * time.Second}; !cmp.Equal(f.sleeps, want) {
		t.Errorf("waited %v, want %v", f.sleeps, want)
	}
}

func TestCancelledWhileWaiting(t *testing.T) {
	f := newFake(t)
	f.answers(says(http.StatusTooManyRequests, "", "Retry-After", "60"))
	ctx, cancel := context.WithCancel(t.Context())
	client := f.connect(t, func(o *graph.Options) {
		o.Sleep = func(ctx context.Context, _ time.Duration) error {
			cancel()
			return ctx.Err()
		}
	})
	if _, err := client.Get(ctx, graphPath("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("Get() = %v, want %v", err, context.Canceled)
	}
	if len(f.record) != 1 || f.record[0].Status != http.StatusTooManyRequests {
		t.Errorf("recorded %+v, want the one attempt", f.record)
	}
}

func TestRealSleepEndsWithContext(t *testing.T) {
	f := newFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.answers(func(w http.ResponseWriter, r *http.Request) {
		says(http.StatusTooManyRequests, "", "Retry-After", "60")(w, r)
		time.AfterFunc(time.Millisecond, cancel)
	})
	client := f.connect(t, func(o *graph.Options) { o.Sleep = nil })
	if _, err := client.Get(ctx, graphPath("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("Get() = %v, want %v", err, context.Canceled)
	}
}

func TestBrokenConnection(t *testing.T) {
	// What was sent before the end keeps net/http from trying again on its own.
	ends := func(after string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if connection, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_, _ = io.WriteString(connection, after)
				_ = connection.Close()
			}
		}
	}
	reset := ends("HTTP/1.1 2")
	slow := func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler) // returning would be an answer, of 200 and nothing
	}
	tests := []struct {
		name     string
		handlers []http.HandlerFunc
		attempts int
		want     evidence.Reason
	}{
		{"once", []http.HandlerFunc{reset, says(http.StatusOK, `{}`)}, 2, ""},
		{"within the body, once", []http.HandlerFunc{ends("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), says(http.StatusOK, `{}`)}, 2, ""},
		{"for ever", []http.HandlerFunc{reset}, 3, evidence.Unreachable},
		{"no answer in time, once", []http.HandlerFunc{slow, says(http.StatusOK, `{}`)}, 2, ""},
		{"no answer in time", []http.HandlerFunc{slow}, 3, evidence.Timeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.answers(tt.handlers...)
			client := f.connect(t, func(o *graph.Options) { o.AttemptTimeout = 200 * time.Millisecond })
			_, err := client.Get(t.Context(), graphPath("x"))
			var refusal *collectors.RefusalError
			if tt.want == "" && err != nil || tt.want != "" && (!errors.As(err, &refusal) || refusal.Reason != tt.want || refusal.Status != 0) {
				t.Errorf("Get() = %v, want reason %q", err, tt.want)
			}
			if len(f.record) != 1 || f.record[0].Attempts != tt.attempts || len(f.sleeps) != tt.attempts-1 {
				t.Errorf("recorded %+v after waiting %v, want %d attempts", f.record, f.sleeps, tt.attempts)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	f := newFake(t)
	client := f.connect(t, func(o *graph.Options) {
		o.Cloud.ARM = graph.Endpoint{URL: "https://127.0.0.1:1", Scope: "https://127.0.0.1:1/.default"}
	})
	_, err := client.Get(t.Context(), collectors.Request{API: collectors.ARM, Path: "subscriptions"})
	var refusal *collectors.RefusalError
	if !errors.As(err, &refusal) || refusal.Reason != evidence.Unreachable || strings.Contains(err.Error(), "https://") {
		t.Errorf("Get() = %v, want a RefusalError with reason %s and no URL", err, evidence.Unreachable)
	}
	if len(f.sleeps) != 0 {
		t.Errorf("waited %v for a port where nobody listens", f.sleeps)
	}
}
