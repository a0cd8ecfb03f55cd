package graph

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// maxRedirects is the number of redirects on one host that are followed.
const maxRedirects = 5

// guardError is a request that this package doesn't send.
type guardError struct{ why string }

func (e *guardError) Error() string { return "refusing to send a request: " + e.why }

// guard is the last thing before the wire of one API: no request leaves for another
// host, none without a token, and none that could write, save those of remediation's closed
// list where a Writer is connected. The SDK would send one to an unknown host without a token
// and without an error.
type guard struct {
	origin string
	// posts is the one path that may be posted to, because that reads; empty for none.
	posts string
	// writes says which requests may write, by their method and their path below root; nil
	// where none may, as for everything but remediation.
	writes func(method, path string) bool
	root   string
	// allow may keep every request back; nil keeps none.
	allow func() error
	next  http.RoundTripper
}

// RoundTrip sends a request that may be sent.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := g.allowed(req); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	resp, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	// The SDK would act on the challenge on its own; this package does, once.
	if attempt, ok := req.Context().Value(attemptKey{}).(*attempt); ok {
		attempt.challenge = challenge(resp.Header.Values("WWW-Authenticate"))
	}
	resp.Header.Del("WWW-Authenticate")
	return resp, nil
}

// allowed says why a request must not be sent, if so.
func (g *guard) allowed(req *http.Request) error {
	if got := origin(req.URL); got != g.origin {
		return &guardError{why: fmt.Sprintf("its host %s is not the configured end point %s", got, g.origin)}
	}
	reads := req.Method == http.MethodGet || req.Method == http.MethodPost && g.posts != "" && req.URL.Path == g.posts
	if !reads && !g.mayWrite(req) {
		return &guardError{why: fmt.Sprintf("a %s of %s may write", req.Method, clean(req.URL.Path, maxCode))}
	}
	scheme, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	if scheme != "Bearer" || token == "" {
		return &guardError{why: "it has no access token"}
	}
	if g.allow != nil {
		return g.allow()
	}
	return nil
}

// mayWrite says whether a request is one of the closed list of those that remediation sends.
func (g *guard) mayWrite(req *http.Request) bool {
	path, below := strings.CutPrefix(req.URL.EscapedPath(), g.root)
	return below && g.writes != nil && req.URL.RawQuery == "" && g.writes(req.Method, path)
}

// redirect follows redirects of what reads within the end point, and takes any other as the answer:
// what a write is redirected to would be fetched, and its answer taken for the write's.
func (g *guard) redirect(req *http.Request, via []*http.Request) error {
	if origin(req.URL) != g.origin || len(via) > maxRedirects || via[0].Method != http.MethodGet {
		return http.ErrUseLastResponse
	}
	return nil
}

// claimsParameter finds the claims of a challenge (Microsoft identity platform, "Claims
// challenges, claims requests and client capabilities").
var claimsParameter = regexp.MustCompile(`\bclaims="([A-Za-z0-9+/_=-]+)"`)

// challenge returns the claims that a 401 asks a new token to have, or empty.
func challenge(headers []string) string {
	for _, header := range headers {
		found := claimsParameter.FindStringSubmatch(header)
		if found == nil {
			continue
		}
		encoded := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(found[1]), "=")
		claims, err := base64.RawStdEncoding.DecodeString(encoded)
		if err == nil && json.Valid(claims) {
			return string(claims)
		}
	}
	return ""
}

// sameOrigin parses the address of a next page and says whether it is on the API's own
// end point.
func (g *guard) sameOrigin(raw string) (*url.URL, error) {
	next, err := url.Parse(raw)
	if err != nil || next.Host == "" {
		return nil, errors.New("the link to the next page is no whole URL")
	}
	if got := origin(next); got != g.origin || next.User != nil {
		return nil, fmt.Errorf("the link to the next page leads to %s instead of %s", clean(got, 100), g.origin)
	}
	return next, nil
}
