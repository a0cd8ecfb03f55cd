package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	kiota "github.com/microsoft/kiota-abstractions-go"
	absser "github.com/microsoft/kiota-abstractions-go/serialization"
	kiotahttp "github.com/microsoft/kiota-http-go"
	kiotajson "github.com/microsoft/kiota-serialization-json-go"
	graphcore "github.com/microsoftgraph/msgraph-sdk-go-core"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// errTooLarge is a body of more than Options.MaxBody.
var errTooLarge = errors.New("the answer is too large")

// session is the way to one API: its end point, and an adapter that sends there only.
type session struct {
	client  *Client
	api     collectors.API
	base    string
	guard   *guard
	adapter *graphcore.GraphRequestAdapterBase
}

// attemptKey is the context's key of an *attempt.
type attemptKey struct{}

// attempt is one sending of a request: the token it takes along, and the claims that
// the API asked for if it answered with a challenge.
type attempt struct {
	token     string
	challenge string
}

// reply is an answer of any status.
type reply struct {
	status    int
	header    http.Header
	requestID string
	body      []byte
	challenge string
}

// newSession makes the adapter of an API. Of the SDK's middleware it has telemetry (for
// Graph) and compression; retries and redirects are this package's, since the SDK's
// retries wait inside the time-out of the request.
func newSession(c *Client, api collectors.API) (*session, error) {
	base := c.opts.Cloud.Endpoint(api).URL
	parsed, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("reading the end point of %s: %w", api, err)
	}
	s := &session{
		client: c, api: api, base: base,
		guard: &guard{origin: origin(parsed), allow: c.opts.Allow, next: c.transport},
	}
	if api == collectors.Graph {
		hunting, err := s.address(huntingPath)
		if err != nil {
			return nil, err
		}
		s.guard.posts = hunting.Path
	}
	middleware := []kiotahttp.Middleware{kiotahttp.NewCompressionHandler()}
	options := graphcore.GraphClientOptions{}
	if api == collectors.Graph {
		middleware = append(middleware, graphcore.NewGraphTelemetryHandler(&options))
	}
	client := &http.Client{
		Transport:     kiotahttp.NewCustomTransportWithParentTransport(s.guard, middleware...),
		CheckRedirect: s.guard.redirect,
	}
	s.adapter, err = graphcore.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		s, options, absser.NewParseNodeFactoryRegistry(), kiotajson.NewJsonSerializationWriterFactory(), client)
	if err != nil {
		return nil, fmt.Errorf("making the adapter of %s: %w", api, err)
	}
	return s, nil
}

// AuthenticateRequest puts the attempt's token on a request to this API's end point. It
// is the SDK's authentication provider.
func (s *session) AuthenticateRequest(ctx context.Context, request *kiota.RequestInformation, _ map[string]any) error {
	target, err := request.GetUri()
	if err != nil {
		return err
	}
	attempt, ok := ctx.Value(attemptKey{}).(*attempt)
	if got := origin(target); !ok || got != s.guard.origin {
		return &guardError{why: fmt.Sprintf("no token is meant for %s", got)}
	}
	request.Headers.Remove("Authorization")
	request.Headers.Add("Authorization", "Bearer "+attempt.token)
	return nil
}

// address returns the URL of a path relative to the API's root. Graph paths are
// relative to v1.0, save for those that start with beta/.
func (s *session) address(path string) (*url.URL, error) {
	path = escape(strings.TrimLeft(path, "/"))
	if s.api == collectors.Graph && !strings.HasPrefix(path, "beta/") {
		path = "v1.0/" + path
	}
	target, err := url.Parse(s.base + "/" + path)
	if err != nil {
		return nil, &collectors.RefusalError{Reason: evidence.Invalid, Message: "the path of the request can't be read"}
	}
	return target, nil
}

// relative is the path and query of a URL of this API, as a request names them.
func (s *session) relative(target *url.URL) string {
	base, err := url.Parse(s.base)
	if err != nil {
		return "" // newSession has parsed it
	}
	path := strings.TrimLeft(strings.TrimPrefix(target.Path, base.Path), "/")
	if target.RawQuery == "" {
		return path
	}
	return path + "?" + target.RawQuery
}

// escape encodes the characters of a path and query that may not stand in a URL, and
// leaves what is encoded already.
func escape(path string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(path) {
		switch c := path[i]; {
		case c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// get returns how to build the GET of a URL, for each attempt anew.
func (s *session) get(target *url.URL, eventual bool) func() (*kiota.RequestInformation, error) {
	return func() (*kiota.RequestInformation, error) {
		info := kiota.NewRequestInformation()
		info.Method = kiota.GET
		info.SetUri(*target)
		s.headers(info)
		if eventual {
			info.Headers.TryAdd("ConsistencyLevel", "eventual")
		}
		return info, nil
	}
}

// headers sets what every request has. A scan can wait, and tells Graph so (Microsoft
// Graph, "Throttling guidance").
func (s *session) headers(info *kiota.RequestInformation) {
	info.Headers.TryAdd("Accept", "application/json")
	info.Headers.TryAdd("User-Agent", s.client.opts.UserAgent)
	if s.api == collectors.Graph {
		info.Headers.TryAdd("x-ms-throttle-priority", "low")
	}
}

// once sends one attempt and reads the whole answer, into buffer as far as it suffices.
func (s *session) once(ctx context.Context, token string, info *kiota.RequestInformation, buffer []byte) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, s.client.opts.AttemptTimeout)
	defer cancel()
	current := &attempt{token: token}
	ctx = context.WithValue(ctx, attemptKey{}, current)

	var got reply
	take := kiota.NewRequestHandlerOption()
	take.SetResponseHandler(func(response any, _ kiota.ErrorMappings) (any, error) {
		resp, ok := response.(*http.Response)
		if !ok {
			return nil, errors.New("the SDK has handed over no response")
		}
		defer func() { _ = resp.Body.Close() }()
		got.status, got.header, got.requestID = resp.StatusCode, resp.Header, requestID(resp.Header)
		var err error
		got.body, err = readBody(resp, s.client.opts.MaxBody, buffer)
		return nil, err
	})
	info.AddRequestOptions([]kiota.RequestOption{take})
	_, err := s.adapter.SendPrimitive(ctx, info, "[]byte", nil)
	got.challenge = current.challenge
	return got, err
}

// readBody reads a body of at most limit bytes: into buffer where it suffices, else into
// one that is made for it, at once where its size is announced.
func readBody(resp *http.Response, limit int64, buffer []byte) ([]byte, error) {
	const spare = 512 // for the read that finds the end
	body := buffer[:0]
	if size := resp.ContentLength; size <= limit && size+spare > int64(cap(body)) {
		body = make([]byte, 0, max(size, 0)+spare)
	}
	for {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, err := resp.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > limit:
			return body[:0], errTooLarge
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return body, err
		}
	}
}

// requestID is the id by which the service knows a request.
func requestID(header http.Header) string {
	for _, name := range []string{"request-id", "x-ms-request-id", "x-ms-correlation-request-id"} {
		if id := header.Get(name); id != "" {
			return clean(id, 100)
		}
	}
	return ""
}
