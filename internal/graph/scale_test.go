package graph_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/domicile-audit/domicile"
	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/graph"
	"github.com/domicile-audit/domicile/internal/simulator"
)

// The tests of scale run the simulator in a process of its own, so that its CPU and its
// memory aren't counted: this test binary, started again with a role.
const roleVariable = "DOMICILE_TEST_ROLE"

func TestMain(m *testing.M) {
	var err error
	switch role := os.Getenv(roleVariable); role {
	case "":
		os.Exit(m.Run())
	case "simulator":
		err = simulatorProcess()
	case "collector":
		err = collectorProcess()
	default:
		err = fmt.Errorf("unknown role %q", role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// simulated is a running simulator and how to sign in to it.
type simulated struct {
	URL, TenantID, ClientID, Secret string
	CA                              []byte
}

// tenantSize says what a simulator process generates.
type tenantSize struct {
	Counts map[string]int
	Plain  bool
}

// simulatorProcess serves a tenant until its standard input ends.
func simulatorProcess() error {
	var size tenantSize
	in := json.NewDecoder(os.Stdin)
	if err := in.Decode(&size); err != nil {
		return err
	}
	server, at, err := startSimulator(context.Background(), size, nil)
	if err != nil {
		return err
	}
	err = json.NewEncoder(os.Stdout).Encode(at)
	_, _ = io.Copy(io.Discard, in.Buffered())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, server.Close())
}

// startSimulator serves a tenant in this process. throttle, if any, is the clock on which
// the documented limits are enforced.
func startSimulator(ctx context.Context, size tenantSize, throttle func() time.Time) (*simulator.Server, simulated, error) {
	tenant, err := simulator.Load(domicile.Tenants(), "good", time.Now())
	if err != nil {
		return nil, simulated{}, err
	}
	if err := simulator.Generate(tenant, size.Counts); err != nil {
		return nil, simulated{}, err
	}
	server, err := simulator.Start(ctx, simulator.Options{Tenant: tenant, Plain: size.Plain, Throttle: throttle})
	if err != nil {
		return nil, simulated{}, err
	}
	id, secret := tenant.Secret()
	return server, simulated{server.URL(), tenant.ID, id, secret, server.CAPEM()}, nil
}

// simulate starts a simulator process.
func simulate(tb testing.TB, size tenantSize) simulated {
	tb.Helper()
	command := exec.CommandContext(tb.Context(), os.Args[0])
	command.Env = append(os.Environ(), roleVariable+"=simulator")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := command.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = in.Close()
		_ = command.Wait()
	})
	var at simulated
	if err := errors.Join(json.NewEncoder(in).Encode(size), json.NewDecoder(out).Decode(&at)); err != nil {
		tb.Fatal(err)
	}
	return at
}

// collect reads the kinds of the simulated tenant into a bundle and returns its manifest.
// change, if any, alters the options of the connection.
func (s simulated) collect(ctx context.Context, dir string, kinds []string, change ...func(*graph.Options)) (evidence.Manifest, error) {
	cloud, err := graph.Custom("global", graph.Endpoints{
		Login: s.URL, Graph: s.URL, XDR: s.URL + "/xdr", MDE: s.URL + "/mde", ARM: s.URL + "/arm",
	})
	if err != nil {
		return evidence.Manifest{}, err
	}
	tenant := evidence.Tenant{ID: s.TenantID, Name: "Contoso", Cloud: "global"}
	writer, err := evidence.Create(dir, evidence.Manifest{Tenant: tenant})
	if err != nil {
		return evidence.Manifest{}, err
	}
	options := graph.Options{
		TenantID: s.TenantID, Cloud: cloud, CA: s.CA, Now: time.Now, Record: writer.Request,
		Auth: graph.Auth{Method: graph.ClientSecret, ClientID: s.ClientID, Secret: s.Secret},
	}
	for _, c := range change {
		c(&options)
	}
	client, err := graph.Connect(ctx, options)
	if err != nil {
		return evidence.Manifest{}, errors.Join(err, writer.Abort())
	}
	defer client.Close()
	if err := collectors.Collect(ctx, client, writer, collectors.Options{Tenant: tenant, Kinds: kinds, Now: time.Now()}); err != nil {
		return evidence.Manifest{}, errors.Join(err, writer.Abort())
	}
	return writer.Close(time.Now())
}

// virtualClock passes only while somebody sleeps. Those who would sleep at the same time
// do so one after the other, so that it shows the most that the waits can come to.
type virtualClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *virtualClock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *virtualClock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// keep makes a connection keep to the clock.
func (c *virtualClock) keep(o *graph.Options) { o.Now, o.Sleep = c.read, c.sleep }

// floor does with net/http and a streaming scanner what collecting users comes down to:
// it hashes and writes the same bytes. It returns their hash.
func (s simulated) floor(ctx context.Context, client *http.Client, token, file string) (string, error) {
	out, err := os.Create(file)
	if err != nil {
		return "", err
	}
	digest := sha256.New()
	lines := bufio.NewWriterSize(io.MultiWriter(out, digest), 64<<10)
	schema, err := evidence.SchemaOf("users")
	if err != nil {
		return "", err
	}
	next := s.URL + "/v1.0/users?$top=999&$select=" + strings.Join(schema.FieldsIn("global"), ",")
	for next != "" && err == nil {
		next, err = floorPage(ctx, client, token, next, lines)
	}
	err = errors.Join(err, lines.Flush(), out.Sync(), out.Close())
	return hex.EncodeToString(digest.Sum(nil)), err
}

// floorPage writes the objects of one page as lines and returns the link to the next.
func floorPage(ctx context.Context, client *http.Client, token, page string, lines *bufio.Writer) (next string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page, http.NoBody)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	in := jsontext.NewDecoder(response.Body, jsontext.AllowDuplicateNames(true)) // as the page scanner does
	if _, err := in.ReadToken(); err != nil {
		return "", err
	}
	for in.PeekKind() != '}' {
		key, err := in.ReadToken()
		if err != nil {
			return "", err
		}
		switch key.String() {
		case "@odata.nextLink":
			link, err := in.ReadToken()
			if err != nil {
				return "", err
			}
			next = link.String()
		case "value":
			if _, err := in.ReadToken(); err != nil {
				return "", err
			}
			for in.PeekKind() != ']' {
				object, err := in.ReadValue()
				if err != nil {
					return "", err
				}
				_, _ = lines.Write(object) // a bufio.Writer keeps its error for Flush
				_ = lines.WriteByte('\n')
			}
			if _, err := in.ReadToken(); err != nil {
				return "", err
			}
		default:
			if err := in.SkipValue(); err != nil {
				return "", err
			}
		}
	}
	return next, nil
}

// TestTheFloorWritesTheSameBytes, without which it would be no floor.
func TestTheFloorWritesTheSameBytes(t *testing.T) {
	at := simulate(t, tenantSize{Counts: map[string]int{"users": 2500}})
	client, token := at.client(t)
	defer client.CloseIdleConnections()
	dir := t.TempDir()
	floor, err := at.floor(t.Context(), client, token, filepath.Join(dir, "users.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := at.collect(t.Context(), filepath.Join(dir, "bundle"), []string{"users"})
	if err != nil {
		t.Fatal(err)
	}
	if users, _ := manifest.Entry("users"); users.SHA256 != floor || users.Objects != 2526 {
		t.Errorf("collecting wrote %d users as %s, the floor as %s", users.Objects, users.SHA256, floor)
	}
}

// client returns a plain client of the simulator and an access token.
func (s simulated) client(tb testing.TB) (client *http.Client, token string) {
	tb.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CA)
	client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {s.ClientID}, "client_secret": {s.Secret}, "scope": {s.URL + "/.default"},
	}
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, s.URL+"/"+s.TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		tb.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var body struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil || body.Token == "" {
		tb.Fatalf("no token: %v", err)
	}
	return client, body.Token
}

// collectorProcess collects users of a simulator and prints its own peak memory.
func collectorProcess() error {
	var at simulated
	if err := json.NewDecoder(os.Stdin).Decode(&at); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return err
	}
	manifest, err := at.collect(context.Background(), filepath.Join(dir, "bundle"), []string{"users"})
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	users, _ := manifest.Entry("users")
	status, err := os.ReadFile("/proc/self/status")
	_, peak, _ := strings.Cut(string(status), "VmHWM:")
	kib := 0
	_, scanErr := fmt.Sscan(peak, &kib)
	if !users.Complete {
		err = errors.Join(err, fmt.Errorf("the collection is incomplete: %+v", manifest.Gaps))
	}
	return errors.Join(err, scanErr, os.RemoveAll(dir), json.NewEncoder(os.Stdout).Encode(map[string]int{"objects": users.Objects, "peak": kib}))
}

// peak collects users in a process of its own and returns its greatest resident size in
// KiB.
func peak(t *testing.T, users int) int {
	t.Helper()
	at := simulate(t, tenantSize{Counts: map[string]int{"users": users}})
	in, err := json.Marshal(at)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), roleVariable+"=collector")
	command.Stdin, command.Stderr = strings.NewReader(string(in)), os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Objects, Peak int }
	if err := json.Unmarshal(out, &got); err != nil || got.Objects != users+26 {
		t.Fatalf("collected %+v of %d users: %v", got, users, err)
	}
	t.Logf("%d users: peak of %.1f MiB", users, float64(got.Peak)/1024)
	return got.Peak
}
