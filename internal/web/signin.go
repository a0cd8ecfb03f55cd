package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/domicile-audit/domicile/internal/config"
)

const callbackPath = "/sign-in/callback"

// signIn lets people sign in with an OpenID Connect provider: code flow with PKCE.
type signIn struct {
	config   config.SignIn
	secret   string
	redirect string
	client   *http.Client
	now      func() time.Time

	mu       sync.Mutex
	provider *oidc.Provider // nil until it was asked
	begun    map[string]attempt
}

// attempt is a sign-in that isn't over: what the provider's answer must fit.
type attempt struct {
	nonce, verifier, to string
	begun               time.Time
}

// The term of a sign-in, how many may be under way, and how long the provider may take.
const (
	attemptTerm  = 10 * time.Minute
	maxAttempts  = 1_000
	providerTerm = 15 * time.Second
)

func newSignIn(o Options) *signIn {
	client := o.Client
	if client == nil {
		client = http.DefaultClient
	}
	return &signIn{
		config: *o.Config.SignIn, secret: o.Secret, redirect: trimSlash(o.Config.PublicURL), client: client, now: o.Now, begun: map[string]attempt{},
	}
}

// oauth is the client at the provider, which is asked for its end points once.
func (s *signIn) oauth(ctx context.Context, r *http.Request) (*oauth2.Config, *oidc.Provider, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.provider == nil {
		// The provider keeps the context for reading its keys later.
		provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), s.client), s.config.Issuer)
		if err != nil {
			return nil, nil, err
		}
		s.provider = provider
	}
	public := s.redirect
	if public == "" {
		public = "https://" + r.Host
	}
	return &oauth2.Config{
		ClientID: s.config.ClientID, ClientSecret: s.secret, Endpoint: s.provider.Endpoint(), RedirectURL: public + callbackPath,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}, s.provider, nil
}

// begin notes an attempt and returns its state.
func (s *signIn) begin(to string) (state string, one attempt) {
	state, one = rand.Text(), attempt{rand.Text(), oauth2.GenerateVerifier(), to, s.now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.begun) >= maxAttempts {
		for state, other := range s.begun {
			if s.now().Sub(other.begun) > attemptTerm {
				delete(s.begun, state)
			}
		}
	}
	if len(s.begun) >= maxAttempts {
		clear(s.begun)
	}
	s.begun[state] = one
	return state, one
}

// take returns an attempt by its state, once.
func (s *signIn) take(state string) (attempt, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, known := s.begun[state]
	delete(s.begun, state)
	return one, known && s.now().Sub(one.begun) <= attemptTerm
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
	state, one := s.signIn.begin(ownPath(r.URL.Query().Get("to")))
	setCookie(w, signInCookie, state, int(attemptTerm.Seconds()))
	http.Redirect(w, r, client.AuthCodeURL(state, oidc.Nonce(one.nonce), oauth2.S256ChallengeOption(one.verifier)), http.StatusSeeOther) //nolint:gosec // G710: the provider's address, of the configuration
	return nil
}

func (s *Server) signInEnd(w http.ResponseWriter, r *http.Request, _ visitor) error {
	query := r.URL.Query()
	cookie, err := r.Cookie(signInCookie)
	// The browser that began must be the one that ends, or somebody could be signed in as another.
	if err != nil || subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(query.Get("state"))) != 1 {
		return refuse(http.StatusBadRequest, "This sign-in was not begun in this browser, or too long ago. Sign in again.")
	}
	setCookie(w, signInCookie, "", -1)
	one, known := s.signIn.take(cookie.Value)
	switch {
	case !known:
		return refuse(http.StatusBadRequest, "This sign-in was begun too long ago, or is over. Sign in again.")
	case query.Get("error") != "":
		s.Log.Warn("the sign-in provider refused", "error", query.Get("error"))
		return refuse(http.StatusForbidden, "The sign-in provider refused.")
	}
	ctx, cancel := context.WithTimeout(r.Context(), providerTerm)
	defer cancel()
	who, err := s.signIn.finish(ctx, r, one, query.Get("code"))
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
	http.Redirect(w, r, one.to, http.StatusSeeOther)
	return nil
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request, _ visitor) error {
	s.sessions.end(w, r)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}

// algorithms are those that an ID token may be signed by: none that takes a shared secret.
func algorithms() []string {
	return []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}
}

// finish takes the code to the provider, and holds the ID token to what was begun.
func (s *signIn) finish(ctx context.Context, r *http.Request, one attempt, code string) (visitor, error) {
	client, provider, err := s.oauth(ctx, r)
	if err != nil {
		return visitor{}, err
	}
	tokens, err := client.Exchange(oidc.ClientContext(ctx, s.client), code, oauth2.VerifierOption(one.verifier))
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
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(one.nonce)) != 1 {
		return visitor{}, errors.New("the ID token has another nonce")
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
