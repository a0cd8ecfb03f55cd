package web_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/domicile-audit/domicile/internal/config"
	"github.com/domicile-audit/domicile/internal/web"
)

// provider is an OpenID Connect provider that signs in whoever comes, and may lie.
type provider struct {
	*httptest.Server
	key *ecdsa.PrivateKey
	// claims are what it says of the person, and change what it gets wrong.
	claims map[string]any
	change func(header, claims map[string]any)
	secret string
	end    string        // where its own session is ended
	hangs  chan struct{} // until this is closed it doesn't say its end points; nil for never

	mu    sync.Mutex
	codes map[string]url.Values // what came with each code
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey.ECDH()
	if err != nil {
		t.Fatal(err)
	}
	point := public.Bytes() // 4, x and y
	p := &provider{key: key, claims: map[string]any{}, codes: map[string]url.Values{}, secret: "client secret"}
	mux := http.NewServeMux()
	p.Server = httptest.NewTLSServer(mux)
	t.Cleanup(p.Close)
	p.end = p.URL + "/end?tenant=1"
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		if p.hangs != nil {
			select {
			case <-p.hangs:
			case <-r.Context().Done():
				return
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys", "end_session_endpoint": p.end,
			"id_token_signing_alg_values_supported": []string{"ES256", "HS256", "none"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{
			"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1", "x": encode(point[1:33]), "y": encode(point[33:]),
		}}})
	})
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		code := rand.Text()
		p.mu.Lock()
		p.codes[code] = r.URL.Query()
		p.mu.Unlock()
		to := r.URL.Query().Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {r.URL.Query().Get("state")}}.Encode()
		http.Redirect(w, r, to, http.StatusFound)
	})
	mux.HandleFunc("/token", p.token)
	return p
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	asked, known := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	p.mu.Unlock()
	_, secret, _ := r.BasicAuth()
	if secret == "" {
		secret = r.PostFormValue("client_secret")
	}
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if plain, _ := url.QueryUnescape(secret); !known || plain != p.secret || asked.Get("code_challenge_method") != "S256" || asked.Get("code_challenge") != encode(challenge[:]) {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	header := map[string]any{"alg": "ES256", "kid": "1", "typ": "JWT"}
	claims := map[string]any{"iss": p.URL, "aud": "app", "sub": "1", "preferred_username": "ann@contoso.com", "iat": now().Unix(), "exp": now().Add(time.Hour).Unix(), "nonce": asked.Get("nonce")}
	for name, value := range p.claims {
		claims[name] = value
	}
	if p.change != nil {
		p.change(header, claims)
	}
	first, _ := json.Marshal(header)
	second, _ := json.Marshal(claims)
	signed := encode(first) + "." + encode(second)
	sum := sha256.Sum256([]byte(signed))
	var signature []byte
	if r, s, err := ecdsa.Sign(rand.Reader, p.key, sum[:]); err == nil && header["alg"] != "none" {
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": signed + "." + encode(signature)})
}

// signedSite is a dashboard that people sign in to, on a server of its own.
type signedSite struct {
	*site
	provider *provider
	server   *httptest.Server
	clock    *time.Time
}

func newSignedSite(t *testing.T, fill func(testing.TB, *site)) *signedSite {
	t.Helper()
	s := &signedSite{site: newSite(t), provider: newProvider(t)}
	fill(t, s.site)
	at := now()
	s.clock = &at
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	s.server.StartTLS()
	t.Cleanup(s.server.Close)
	s.options.Now = func() time.Time { return *s.clock }
	s.options.Secret, s.options.Client = s.provider.secret, s.provider.Client()
	sum := sha256.Sum256([]byte("machine"))
	s.options.Config = config.Dashboard{
		PublicURL: s.server.URL,
		SignIn: &config.SignIn{
			Issuer: s.provider.URL, ClientID: "app", Claim: "roles", Reader: []string{"Reader"}, Operator: []string{"Operator"}, Approver: []string{"Approver"},
			Idle: config.Duration(30 * time.Minute), Longest: config.Duration(2 * time.Hour),
		},
		Tokens: []config.Token{{Name: "ci", SHA256: hexOf(sum[:]), Role: "reader"}},
	}
	s.server.Config.Handler = s.handler(t)
	return s
}

// oneTenant fills a site with a tenant that was scanned once.
func oneTenant(t testing.TB, s *site) {
	t.Helper()
	s.record(t, scanned(t, "weak", 1, "Contoso", now(), 0), nil)
}

func hexOf(data []byte) string {
	const digits = "0123456789abcdef"
	var out strings.Builder
	for _, b := range data {
		out.WriteByte(digits[b>>4])
		out.WriteByte(digits[b&15])
	}
	return out.String()
}

// browser is a browser with cookies of its own.
func (s *signedSite) browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}

func (s *signedSite) do(t *testing.T, browser *http.Client, method, path, form string, header ...string) (status int, body string, at string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.server.URL+path, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	if form != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer, err := browser.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Request.URL.RequestURI()
}

// signIn signs a browser in as somebody with roles.
func (s *signedSite) signIn(t *testing.T, roles ...string) *http.Client {
	t.Helper()
	s.provider.claims["roles"] = roles
	browser := s.browser(t)
	if status, body, _ := s.do(t, browser, "GET", "/sign-in/start?to=/rules", ""); status != http.StatusOK || !strings.Contains(body, "<h1>Rules</h1>") {
		t.Fatalf("signing in = %d %.300s: %s", status, body, s.log.String())
	}
	return browser
}

func TestSignIn(t *testing.T) {
	s := newSignedSite(t, oneTenant)
	stranger := s.browser(t)
	if status, body, at := s.do(t, stranger, "GET", "/tenants/"+tenantID(1)+"?new=1", ""); status != http.StatusOK || !strings.HasPrefix(at, "/sign-in?to=%2Ftenants%2F") || !strings.Contains(body, "Sign in") || strings.Contains(body, "Contoso") {
		t.Errorf("a stranger = %d at %s, want to be asked to sign in and to see nothing", status, at)
	}
	browser := s.signIn(t, "Reader")
	if status, body, _ := s.do(t, browser, "GET", "/", ""); status != http.StatusOK || !strings.Contains(body, "ann@contoso.com (1)") || !strings.Contains(body, "reader") {
		t.Errorf("who signed in isn't shown: %d", status)
	}
	if status, body, _ := s.do(t, stranger, "GET", "/", ""); strings.Contains(body, "ann@contoso.com") {
		t.Errorf("another browser = %d and sees who signed in", status)
	}
	_, body, at := s.do(t, browser, "POST", "/sign-out", "")
	end := s.provider.URL + "/end?" + url.Values{"client_id": {"app"}, "post_logout_redirect_uri": {s.server.URL + "/sign-in"}, "tenant": {"1"}}.Encode()
	if at != "/signed-out" || !strings.Contains(body, `href="`+strings.ReplaceAll(end, "&", "&amp;")+`"`) {
		t.Errorf("signing out leads to %s, and not on to %s: %s", at, end, body)
	}
	if _, _, at := s.do(t, browser, "GET", "/", ""); at != "/sign-in?to=%2F" {
		t.Errorf("who signed out is at %s", at)
	}
}

// TestSessionCookie: the cookie is for this host alone, no script sees it, and it is worth
// nothing once its owner signed out.
func TestSessionCookie(t *testing.T) {
	s := newSignedSite(t, oneTenant)
	browser := s.signIn(t, "Reader")
	home, _ := url.Parse(s.server.URL)
	cookies := browser.Jar.Cookies(home)
	if len(cookies) != 1 || cookies[0].Name != "__Host-domicile-session" || len(cookies[0].Value) < 26 {
		t.Fatalf("cookies are %v", cookies)
	}
	s.do(t, browser, "POST", "/sign-out", "")
	thief := s.browser(t)
	thief.Jar.SetCookies(home, cookies)
	if _, _, at := s.do(t, thief, "GET", "/", ""); !strings.HasPrefix(at, "/sign-in") {
		t.Errorf("a cookie of who signed out still leads to %s", at)
	}
	// What the header says, the jar doesn't tell.
	thief.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+"/sign-in/start", nil)
	answer, err := thief.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	set := answer.Header.Get("Set-Cookie")
	for _, part := range []string{"__Host-domicile-sign-in=", "Path=/", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(set, part) || strings.Contains(set, "Domain") {
			t.Errorf("the cookie %q lacks %s", set, part)
		}
	}
}

// TestSessionsEnd: one that isn't used, and each after its longest term.
func TestSessionsEnd(t *testing.T) {
	s := newSignedSite(t, oneTenant)
	browser := s.signIn(t, "Reader")
	in := func() bool {
		_, _, at := s.do(t, browser, "GET", "/", "")
		return at == "/"
	}
	for step := range 4 {
		*s.clock = s.clock.Add(29 * time.Minute)
		if !in() {
			t.Errorf("signed out after %d times 29 minutes", step+1)
		}
	}
	*s.clock = s.clock.Add(29 * time.Minute)
	if in() {
		t.Error("still signed in after the longest term")
	}
	*s.clock = now()
	browser = s.signIn(t, "Reader")
	*s.clock = s.clock.Add(31 * time.Minute)
	if in() {
		t.Error("still signed in without a use")
	}
}

// TestHostileProvider: no answer that doesn't fit what was begun signs anybody in.
func TestHostileProvider(t *testing.T) {
	tests := []struct {
		name   string
		change func(p *provider, header, claims map[string]any)
	}{
		{"another issuer", func(_ *provider, _, claims map[string]any) { claims["iss"] = "https://login.evil.example" }},
		{"another audience", func(_ *provider, _, claims map[string]any) { claims["aud"] = "other" }},
		{"another client's of several", func(_ *provider, _, claims map[string]any) {
			claims["aud"], claims["azp"] = []string{"app", "other"}, "other"
		}},
		{"expired", func(_ *provider, _, claims map[string]any) { claims["exp"] = now().Add(-time.Minute).Unix() }},
		{"another nonce", func(_ *provider, _, claims map[string]any) { claims["nonce"] = "other" }},
		{"nobody", func(_ *provider, _, claims map[string]any) { claims["sub"] = "" }},
		{"no nonce", func(_ *provider, _, claims map[string]any) { delete(claims, "nonce") }},
		{"no signature", func(_ *provider, header, _ map[string]any) { header["alg"] = "none" }},
		{"a shared secret's signature", func(_ *provider, header, _ map[string]any) { header["alg"] = "HS256" }},
		{"another key", func(p *provider, _, _ map[string]any) { p.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSignedSite(t, oneTenant)
			s.provider.claims["roles"] = []string{"Approver"}
			s.provider.change = func(header, claims map[string]any) { tt.change(s.provider, header, claims) }
			browser := s.browser(t)
			if status, body, _ := s.do(t, browser, "GET", "/sign-in/start", ""); status != http.StatusForbidden || strings.Contains(body, "Contoso") {
				t.Errorf("signing in = %d %.200s, want it refused", status, body)
			}
			if _, _, at := s.do(t, browser, "GET", "/", ""); !strings.HasPrefix(at, "/sign-in") {
				t.Errorf("signed in, and at %s", at)
			}
		})
	}
}

// TestSignInIsBegunHere: an answer counts once, in the browser that asked, for a while.
func TestSignInIsBegunHere(t *testing.T) {
	s := newSignedSite(t, oneTenant)
	s.provider.claims["roles"] = "Reader"
	begin := func(browser *http.Client) (callback string) {
		browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if r.URL.Path == "/sign-in/callback" {
				callback = r.URL.RequestURI()
				return http.ErrUseLastResponse
			}
			return nil
		}
		s.do(t, browser, "GET", "/sign-in/start?to=//evil.example/", "")
		browser.CheckRedirect = nil
		return callback
	}
	victim, attacker := s.browser(t), s.browser(t)
	stolen := begin(attacker)
	if status, _, _ := s.do(t, victim, "GET", stolen, ""); status != http.StatusBadRequest {
		t.Errorf("another browser's answer = %d, want it refused", status)
	}
	own := begin(victim)
	*s.clock = s.clock.Add(11 * time.Minute)
	if status, _, _ := s.do(t, victim, "GET", own, ""); status != http.StatusBadRequest {
		t.Errorf("a late answer = %d, want it refused", status)
	}
	*s.clock = now()
	own = begin(victim)
	if status, _, at := s.do(t, victim, "GET", own, ""); status != http.StatusOK || at != "/" {
		t.Errorf("the answer = %d at %s, want the first page and nothing else's", status, at)
	}
	if status, _, _ := s.do(t, victim, "GET", own, ""); status != http.StatusBadRequest {
		t.Errorf("the answer again = %d, want it refused", status)
	}
}

// TestRoles: who has which by the claims, and what is left out of a token is said.
func TestRoles(t *testing.T) {
	tests := []struct {
		name, claim string
		claims      map[string]any
		status      int
		says        string
	}{
		{"a role", "roles", map[string]any{"roles": []string{"Other", "Operator"}}, 200, "operator"},
		{"the highest", "roles", map[string]any{"roles": []string{"Reader", "Approver"}}, 200, "approver"},
		{"a text", "role", map[string]any{"role": "Reader"}, 200, "reader"},
		{"a group", "groups", map[string]any{"groups": []string{"Reader"}}, 200, "reader"},
		{"none", "roles", map[string]any{"roles": []string{"Other"}}, 403, "has no role here"},
		{"another claim", "roles", map[string]any{"groups": []string{"Approver"}}, 403, "has no role here"},
		{"numbers", "roles", map[string]any{"roles": []int{1}}, 403, "has no role here"},
		{"overage", "groups", map[string]any{"_claim_names": map[string]string{"groups": "src1"}, "_claim_sources": map[string]any{"src1": map[string]string{"endpoint": "https://graph.windows.net/users/1/getMemberObjects"}}}, 403, "more groups than a token has room for"},
		{"overage of the implicit flow", "groups", map[string]any{"hasgroups": true}, 403, "more groups than a token has room for"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSignedSite(t, oneTenant)
			s.options.Config.SignIn.Claim = tt.claim
			s.server.Config.Handler = s.handler(t)
			s.provider.claims = tt.claims
			if status, body, _ := s.do(t, s.browser(t), "GET", "/sign-in/start", ""); status != tt.status || !strings.Contains(body, tt.says) {
				t.Errorf("signing in = %d, want %d and %q", status, tt.status, tt.says)
			}
		})
	}
}

// TestWhoMayWhat: each role may what it may, and no more.
func TestWhoMayWhat(t *testing.T) {
	s := newSignedSite(t, threeTenants)
	form := func(t *testing.T, browser *http.Client) string {
		t.Helper()
		_, body, _ := s.do(t, browser, "GET", "/plans/contoso.json", "")
		_, digest, _ := strings.Cut(body, `name="digest" value="`)
		digest, _, _ = strings.Cut(digest, `"`)
		return url.Values{"digest": {digest}, "reason": {"Agreed with the service's owner."}}.Encode()
	}
	people := map[string]*http.Client{"Reader": s.signIn(t, "Reader"), "Operator": s.signIn(t, "Operator"), "Approver": s.signIn(t, "Approver")}
	scan := "/tenants/" + tenantID(1) + "/scan"
	if status, _, _ := s.do(t, people["Reader"], "POST", scan, ""); status != http.StatusForbidden || len(s.engine.started) > 0 {
		t.Errorf("a reader's scan = %d, %v", status, s.engine.started)
	}
	if status, _, _ := s.do(t, people["Operator"], "POST", scan, ""); status != http.StatusOK || len(s.engine.started) != 1 || s.engine.started[0] != "contoso by ann@contoso.com (1)" {
		t.Errorf("an operator's scan = %d, %v", status, s.engine.started)
	}
	approve := "/plans/contoso.json/approve"
	good := form(t, people["Approver"])
	for _, name := range []string{"Reader", "Operator"} {
		if _, body, _ := s.do(t, people[name], "GET", "/plans/contoso.json", ""); strings.Contains(body, "<textarea") {
			t.Errorf("%s is shown how to approve", name)
		}
		if status, _, _ := s.do(t, people[name], "POST", approve, good); status != http.StatusForbidden || len(s.approvals) > 0 {
			t.Errorf("%s approves = %d", name, status)
		}
	}
	for wrong, want := range map[string]int{
		"digest=00&reason=Agreed with the owner.":                    http.StatusConflict,
		strings.Replace(good, "reason=", "reason=+&other=", 1):       http.StatusUnprocessableEntity,
		strings.Replace(good, "Agreed", strings.Repeat("x", 1e3), 1): http.StatusUnprocessableEntity,
		good + strings.Repeat("x", 64<<10):                           http.StatusRequestEntityTooLarge,
	} {
		if status, _, _ := s.do(t, people["Approver"], "POST", approve, wrong); status != want || len(s.approvals) > 0 {
			t.Errorf("approving with %.60s = %d, want %d", wrong, status, want)
		}
	}
	if status, body, _ := s.do(t, people["Approver"], "POST", approve, good); status != http.StatusOK || !strings.Contains(body, "Agreed with the service&#39;s owner.") || len(s.approvals) != 1 {
		t.Errorf("approving = %d, %v", status, s.approvals)
	}
	if status, _, _ := s.do(t, people["Approver"], "POST", approve, good); status != http.StatusConflict {
		t.Errorf("approving again = %d", status)
	}
	machine := s.browser(t)
	for _, tt := range []struct {
		method, path, token string
		want                int
	}{
		{"GET", "/api/v1/tenants", "machine", 200},
		{"GET", "/api/v1/tenants", "other", 401},
		{"GET", "/api/v1/tenants", "", 401},
		{"GET", "/", "machine", 200},
		{"GET", "/", "other", 401},
		{"POST", "/api/v1/tenants/" + tenantID(3) + "/scans", "machine", 403},
		{"POST", approve, "machine", 403},
	} {
		header := []string{}
		if tt.token != "" {
			header = []string{"Authorization", "Bearer " + tt.token}
		}
		if status, _, _ := s.do(t, machine, tt.method, tt.path, "", header...); status != tt.want {
			t.Errorf("%s %s with the token %q = %d, want %d", tt.method, tt.path, tt.token, status, tt.want)
		}
	}
}

// TestEveryRouteHasItsRole: whoever isn't signed in reaches nothing but the sign-in and the
// API's description.
func TestEveryRouteHasItsRole(t *testing.T) {
	s := newSignedSite(t, threeTenants)
	server, err := web.New(s.options)
	if err != nil {
		t.Fatal(err)
	}
	open := map[string]bool{"/sign-in": true, "/sign-in/start": true, "/sign-in/callback": true, "/sign-out": true, "/signed-out": true, "/api/v1/openapi.json": true}
	replace := strings.NewReplacer("{tenant}", tenantID(1), "{scan}", "1", "{job}", "44", "{plan}", "contoso.json", "{format}", "json", "{rule}", "GEO1002", "{fingerprint}", strings.Repeat("0", 64), "{$}", "")
	for _, route := range web.Routes(server) {
		if open[route.Path] {
			continue
		}
		browser := s.browser(t)
		browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		status, body, _ := s.do(t, browser, route.Method, replace.Replace(route.Path), "")
		if status != http.StatusSeeOther && status != http.StatusUnauthorized || strings.Contains(body, "Contoso") {
			t.Errorf("%s %s = %d for somebody who isn't signed in", route.Method, route.Path, status)
		}
		if (route.Method == http.MethodPost) != (route.Role == "operator" || route.Role == "approver") {
			t.Errorf("%s %s asks for the role %s: what changes something asks for more than a reader", route.Method, route.Path, route.Role)
		}
	}
	if len(s.engine.started) > 0 || len(s.approvals) > 0 {
		t.Errorf("%v and %v came about", s.engine.started, s.approvals)
	}
}

// TestAccessAnew: under other tokens whoever is signed in stays so, and where it is said anew
// who may sign in, everybody does that again.
func TestAccessAnew(t *testing.T) {
	s := newSignedSite(t, oneTenant)
	first, err := web.New(s.options)
	if err != nil {
		t.Fatal(err)
	}
	s.server.Config.Handler = first.Handler()
	browser := s.signIn(t, "Approver")
	access := s.options.Access
	access.Config.Tokens = nil
	second, err := first.With(access)
	if err != nil {
		t.Fatal(err)
	}
	s.server.Config.Handler = second.Handler()
	if _, _, at := s.do(t, browser, "GET", "/", ""); at != "/" {
		t.Errorf("without tokens who is signed in is at %s", at)
	}
	if status, _, _ := s.do(t, s.browser(t), "GET", "/api/v1/tenants", "", "Authorization", "Bearer machine"); status != http.StatusUnauthorized {
		t.Errorf("a token that was withdrawn = %d", status)
	}
	other := *access.Config.SignIn
	other.Approver = nil
	access.Config.SignIn = &other
	third, err := second.With(access)
	if err != nil {
		t.Fatal(err)
	}
	s.server.Config.Handler = third.Handler()
	if _, _, at := s.do(t, browser, "GET", "/", ""); !strings.HasPrefix(at, "/sign-in") {
		t.Errorf("under other roles who was signed in is at %s", at)
	}
}

// TestProviderHangs: a provider that doesn't answer costs who waits for it, and nobody later.
func TestProviderHangs(t *testing.T) {
	s := newSignedSite(t, oneTenant)
	s.provider.hangs = make(chan struct{})
	handler := s.handler(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	answered := make(chan struct{})
	for range 2 {
		go func() {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/sign-in/start", nil))
			answered <- struct{}{}
		}()
	}
	for range 2 {
		select {
		case <-answered:
		case <-time.After(10 * time.Second):
			t.Fatal("who has gone is still waiting for the provider")
		}
	}
	close(s.provider.hangs)
	if answer := get(t, handler, "/sign-in/start"); answer.Code != http.StatusSeeOther || !strings.HasPrefix(answer.Header().Get("Location"), s.provider.URL) {
		t.Errorf("once the provider answers = %d at %s", answer.Code, answer.Header().Get("Location"))
	}
}

// TestManySignIns: however many begin to sign in, somebody else's sign-in comes to its end.
func TestManySignIns(t *testing.T) {
	s := newSignedSite(t, oneTenant)
	handler := s.handler(t)
	s.server.Config.Handler = handler
	s.provider.claims["roles"] = "Reader"
	browser, callback := s.browser(t), ""
	browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/sign-in/callback" {
			callback = r.URL.RequestURI()
			return http.ErrUseLastResponse
		}
		return nil
	}
	s.do(t, browser, "GET", "/sign-in/start?to=/rules", "")
	browser.CheckRedirect = nil
	for i := range 1100 {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/sign-in/start", nil)
		request.RemoteAddr = fmt.Sprintf("192.0.2.%d:1000", i/50)
		handler.ServeHTTP(httptest.NewRecorder(), request)
	}
	if status, _, at := s.do(t, browser, "GET", callback, ""); status != http.StatusOK || at != "/rules" {
		t.Errorf("after others' sign-ins = %d at %s, want to be signed in at /rules", status, at)
	}
}

// TestSignedOutWithout: a provider without an end of its sessions, or with one that isn't safe, leads nowhere.
func TestSignedOutWithout(t *testing.T) {
	for _, end := range []string{"", "http://login.example/end", "javascript:alert(1)"} {
		s := newSignedSite(t, oneTenant)
		s.provider.end = end
		if status, body, _ := s.do(t, s.browser(t), "GET", "/signed-out", ""); status != http.StatusOK || strings.Contains(body, "Sign out there") || !strings.Contains(body, "Sign in again") {
			t.Errorf("with the end %q = %d %s", end, status, body)
		}
	}
}
