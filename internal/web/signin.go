package web

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/domicile-audit/domicile/internal/config"
)

const callbackPath = "/sign-in/callback"

// signIn lets people sign in with an OpenID Connect provider: code flow with PKCE. What was
// begun is kept in the browser, so that nobody who begins often takes anything from others.
type signIn struct {
	config   config.SignIn
	secret   string
	redirect string
	client   *http.Client
	now      func() time.Time

	asking   chan struct{}  // held by who asks the provider for its end points, or looks them up
	provider *oidc.Provider // nil until it answered
}

// attempt is a sign-in that isn't over, as the browser's cookie holds it.
type attempt struct {
	Begun time.Time `json:"begun"`
	To    string    `json:"to"`
	Salt  string    `json:"salt"`
}

// The term of a sign-in, how long the provider may take, and how long an address to go on to
// may be, as a cookie has room for 4 KiB.
const (
	attemptTerm  = 10 * time.Minute
	providerTerm = 15 * time.Second
	longestTo    = 2_000
)

func newSignIn(o Options) *signIn {
	client := o.Client
	if client == nil {
		client = http.DefaultClient
	}
	return &signIn{
		config: *o.Config.SignIn, secret: o.Secret, redirect: trimSlash(o.Config.PublicURL), client: client, now: o.Now, asking: make(chan struct{}, 1),
	}
}

// oauth is the client at the provider, which is asked for its end points once.
func (s *signIn) oauth(ctx context.Context, r *http.Request) (*oauth2.Config, *oidc.Provider, error) {
	provider, err := s.discovered(ctx)
	if err != nil {
		return nil, nil, err
	}
	return &oauth2.Config{
		ClientID: s.config.ClientID, ClientSecret: s.secret, Endpoint: provider.Endpoint(), RedirectURL: s.public(r) + callbackPath,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}, provider, nil
}

func (s *signIn) discovered(ctx context.Context) (*oidc.Provider, error) {
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.provider != nil {
		return s.provider, nil
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, s.client), s.config.Issuer)
	if err != nil {
		return nil, err
	}
	s.provider = provider
	return provider, nil
}

// public is the address under which browsers come.
func (s *signIn) public(r *http.Request) string { return cmp.Or(s.redirect, "https://"+r.Host) }

// begin makes the cookie of an attempt.
func (s *signIn) begin(to string) (cookie string) {
	if len(to) > longestTo {
		to = "/"
	}
	text, _ := json.Marshal(attempt{s.now().UTC(), to, rand.Text()}) // a time and texts
	return base64.RawURLEncoding.EncodeToString(text)
}

// part is what an attempt's state, nonce and code verifier are: nobody makes them of the
// cookie without the client's secret, and every process of one configuration makes the same.
func (s *signIn) part(name, cookie string) string {
	sum := hmac.New(sha256.New, []byte(s.secret))
	sum.Write([]byte("domicile sign-in " + name + " " + cookie))
	return base64.RawURLEncoding.EncodeToString(sum.Sum(nil))
}

// take reads the attempt of a cookie whose state came back; known is false where it is another's,
// and fresh where it was begun too long ago.
func (s *signIn) take(cookie, state string) (one attempt, known, fresh bool) {
	if !hmac.Equal([]byte(s.part("state", cookie)), []byte(state)) {
		return one, false, false
	}
	text, err := base64.RawURLEncoding.DecodeString(cookie)
	if err == nil {
		err = json.Unmarshal(text, &one)
	}
	return one, err == nil, s.now().Sub(one.Begun) <= attemptTerm
}

// end is the address at the provider where its own session is ended, empty where it has none
// (OpenID Connect RP-Initiated Logout 1.0). The client names itself, and the provider may ask
// whether it is meant.
func (s *signIn) end(ctx context.Context, r *http.Request) (string, error) {
	provider, err := s.discovered(ctx)
	if err != nil {
		return "", err
	}
	var says struct {
		End string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&says); err != nil {
		return "", err
	}
	if says.End == "" {
		return "", nil
	}
	to, err := url.Parse(says.End)
	if err != nil || to.Scheme != "https" || to.Host == "" {
		return "", errors.New("the provider's end_session_endpoint is not an https address")
	}
	query := to.Query()
	query.Set("client_id", s.config.ClientID)
	query.Set("post_logout_redirect_uri", s.public(r)+"/sign-in")
	to.RawQuery = query.Encode()
	return to.String(), nil
}

// The pages of signing in.

type signInView struct{ To string }

func (s *Server) signInPage(w http.ResponseWriter, r *http.Request, who visitor) error {
	return s.pages.show(w, r, "signin", http.StatusOK, who, "", signInView{ownPath(r.URL.Query().Get("to"))})
}

// ownPath is a path of this server to go on to; the first page for anything else.
func ownPath(to string) string {
	parsed, err := url.Parse(to)
	if err != nil || parsed.IsAbs() || parsed.Host != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}

func (s *Server) signInStart(w http.ResponseWriter, r *http.Request, _ visitor) error {
	ctx, cancel := context.WithTimeout(r.Context(), providerTerm)
	defer cancel()
	client, _, err := s.signIn.oauth(ctx, r)
	if err != nil {
		s.Log.Error("asking the sign-in provider", "error", err)
		return refuse(http.StatusBadGateway, "The sign-in provider doesn't answer. Try again later.")
	}
	cookie := s.signIn.begin(ownPath(r.URL.Query().Get("to")))
	setCookie(w, signInCookie, cookie, int(attemptTerm.Seconds()))
	at := client.AuthCodeURL(s.signIn.part("state", cookie), oidc.Nonce(s.signIn.part("nonce", cookie)), oauth2.S256ChallengeOption(s.signIn.part("verifier", cookie)))
	http.Redirect(w, r, at, http.StatusSeeOther) //nolint:gosec // G710: the provider's address, of the configuration
	return nil
}

const notBegun = "This sign-in was not begun in this browser, or too long ago. Sign in again."

func (s *Server) signInEnd(w http.ResponseWriter, r *http.Request, _ visitor) error {
	query := r.URL.Query()
	cookie, err := r.Cookie(signInCookie)
	if err != nil {
		return refuse(http.StatusBadRequest, notBegun)
	}
	// The browser that began must be the one that ends, or somebody could be signed in as another.
	one, known, fresh := s.signIn.take(cookie.Value, query.Get("state"))
	if !known {
		return refuse(http.StatusBadRequest, notBegun)
	}
	setCookie(w, signInCookie, "", -1)
	switch {
	case !fresh:
		return refuse(http.StatusBadRequest, "This sign-in was begun too long ago. Sign in again.")
	case query.Get("error") != "":
		s.Log.Warn("the sign-in provider refused", "error", query.Get("error"))
		return refuse(http.StatusForbidden, "The sign-in provider refused.")
	}
	ctx, cancel := context.WithTimeout(r.Context(), providerTerm)
	defer cancel()
	who, err := s.signIn.finish(ctx, r, cookie.Value, query.Get("code"))
	var told *statusError
	switch {
	case errors.As(err, &told):
		return err
	case err != nil:
		s.Log.Warn("signing in", "error", err)
		return refuse(http.StatusForbidden, "The sign-in provider's answer can't be trusted. The server's log says why.")
	}
	s.Log.Info("signed in", "role", who.Role.String())
	s.sessions.begin(w, who)
	http.Redirect(w, r, ownPath(one.To), http.StatusSeeOther)
	return nil
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request, _ visitor) error {
	s.sessions.end(w, r)
	http.Redirect(w, r, "/signed-out", http.StatusSeeOther)
	return nil
}

// signedOutView says what goes on at the provider, and End where it is ended.
type signedOutView struct{ Provider, End string }

func (s *Server) signedOut(w http.ResponseWriter, r *http.Request, who visitor) error {
	ctx, cancel := context.WithTimeout(r.Context(), providerTerm)
	defer cancel()
	end, err := s.signIn.end(ctx, r)
	if err != nil {
		s.Log.Error("asking the sign-in provider", "error", err)
	}
	issuer, err := url.Parse(s.signIn.config.Issuer)
	if err != nil {
		return err
	}
	return s.pages.show(w, r, "signedout", http.StatusOK, who, "Signed out", signedOutView{issuer.Host, end})
}

// algorithms are those that an ID token may be signed by: none that takes a shared secret.
func algorithms() []string {
	return []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}
}

// finish takes the code to the provider, and holds the ID token to what was begun.
func (s *signIn) finish(ctx context.Context, r *http.Request, cookie, code string) (visitor, error) {
	client, provider, err := s.oauth(ctx, r)
	if err != nil {
		return visitor{}, err
	}
	tokens, err := client.Exchange(oidc.ClientContext(ctx, s.client), code, oauth2.VerifierOption(s.part("verifier", cookie)))
	if err != nil {
		var answer *oauth2.RetrieveError
		if errors.As(err, &answer) {
			return visitor{}, errors.New("the provider refused the code: " + answer.ErrorCode) // its body may hold more than a log should
		}
		return visitor{}, err
	}
	raw, given := tokens.Extra("id_token").(string)
	if !given {
		return visitor{}, errors.New("the provider gave no ID token")
	}
	token, err := provider.VerifierContext(oidc.ClientContext(ctx, s.client), &oidc.Config{ClientID: s.config.ClientID, SupportedSigningAlgs: algorithms(), Now: s.now}).Verify(ctx, raw)
	if err != nil {
		return visitor{}, err
	}
	if !hmac.Equal([]byte(token.Nonce), []byte(s.part("nonce", cookie))) {
		return visitor{}, errors.New("the ID token has another nonce")
	}
	if token.Subject == "" {
		return visitor{}, errors.New("the ID token names nobody")
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return visitor{}, err
	}
	if party, given := claims["azp"].(string); len(token.Audience) > 1 && (!given || party != s.config.ClientID) {
		return visitor{}, errors.New("the ID token is for several clients, and was given to another")
	}
	return s.known(claims, token.Subject)
}

// known is who a person is by the claims, and what role that gives.
func (s *signIn) known(claims map[string]any, subject string) (visitor, error) {
	values := texts(claims[s.config.Claim])
	has := func(of []string) bool {
		return slices.ContainsFunc(of, func(value string) bool { return slices.Contains(values, value) })
	}
	who := visitor{Name: subject}
	for _, claim := range []string{"preferred_username", "email", "name"} {
		if name, _ := claims[claim].(string); name != "" {
			who.Name = name + " (" + subject + ")"
			break
		}
	}
	switch {
	case has(s.config.Approver):
		who.Role = approver
	case has(s.config.Operator):
		who.Role = operator
	case has(s.config.Reader):
		who.Role = reader
	case len(values) == 0 && overage(claims, s.config.Claim):
		return visitor{}, refuse(http.StatusForbidden, "Your account is in more groups than a token has room for, so that your role isn't known. Have the provider send app roles, or only the groups that are assigned to this application.")
	default:
		return visitor{}, refuse(http.StatusForbidden, "Your account has no role here. Whoever runs this server decides by the claim %q.", s.config.Claim)
	}
	return who, nil
}

// overage says whether Entra left a claim out because it is too long
// (https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference#groups-overage-claim).
func overage(claims map[string]any, claim string) bool {
	elsewhere, _ := claims["_claim_names"].(map[string]any)
	_, named := elsewhere[claim]
	return named || claim == "groups" && claims["hasgroups"] != nil
}

// texts are the texts of a claim, which is one or a list.
func texts(claim any) (out []string) {
	switch claim := claim.(type) {
	case string:
		return []string{claim}
	case []any:
		for _, value := range claim {
			if text, is := value.(string); is {
				out = append(out, text)
			}
		}
	}
	return out
}
