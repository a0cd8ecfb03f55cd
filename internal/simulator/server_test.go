package simulator_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/internal/simulator"
)

func TestTheServerListensOnLoopbackUnlessTold(t *testing.T) {
	v := visit(t, "good")
	at, err := url.Parse(v.URL())
	if err != nil || at.Scheme != "https" || at.Hostname() != "127.0.0.1" || at.Path != "" {
		t.Errorf("URL() = %s, want an origin on 127.0.0.1", v.URL())
	}
}

func TestStartErrors(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tenant := load(t, domicile.Tenants(), "good")
	tests := []struct {
		name string
		opts simulator.Options
		want string
	}{
		{"no tenant", simulator.Options{}, "no tenant"},
		{"an address in use", simulator.Options{Tenant: tenant, Listen: taken.Addr().String()}, "listening on " + taken.Addr().String()},
		{"no address", simulator.Options{Tenant: tenant, Listen: "nowhere"}, "listening on nowhere"},
	}
	for _, tt := range tests {
		if _, err := simulator.Start(t.Context(), tt.opts); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestTheServerEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server, err := simulator.Start(ctx, simulator.Options{Tenant: load(t, domicile.Tenants(), "good")})
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(server.URL(), "https://")
	connected := func() bool {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", host)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}
	if !connected() {
		t.Fatal("the server doesn't listen")
	}
	cancel()
	if err := server.Close(); err != nil { // waits until the server has stopped
		t.Error(err)
	}
	if connected() {
		t.Error("the server listens after its context has ended")
	}
}

func TestStrangersToTheAuthorityAreNotServed(t *testing.T) {
	v := visit(t, "good")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.URL()+"/v1.0/users", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err == nil {
		_ = res.Body.Close()
		t.Error("a client that doesn't trust the authority was served")
	}
}
