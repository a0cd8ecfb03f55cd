package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// claims are the parts of an access token that say whom it was issued to and for what.
// They are decoded and not verified: the token comes from the authority over TLS, and
// the API that it is for verifies it.
type claims struct {
	TenantID string   `json:"tid"`
	AppID    string   `json:"appid"`
	Client   string   `json:"azp"`
	Roles    []string `json:"roles"`
	Scope    string   `json:"scp"`
	Expires  float64  `json:"exp"`
	raw      string
}

// appID is the application's id: the appid of a version 1 token, the azp of a version 2
// one.
func (c claims) appID() string {
	if c.AppID != "" {
		return c.AppID
	}
	return c.Client
}

func (c claims) scopes() []string { return strings.Fields(c.Scope) }

// decodeClaims reads the payload of a JWT (RFC 7519). Errors don't repeat any of it.
func decodeClaims(token string) (claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}, errors.New("the access token is not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return claims{}, errors.New("the payload of the access token is not base64url")
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return claims{}, errors.New("the payload of the access token has claims of another form than expected")
	}
	return c, nil
}

// token returns an access token for the API whose tenant was checked. challenge is the
// claims that the API has asked for with a 401, or empty. Failures for Graph, and a
// foreign tenant for any API, are an *collectors.AuthError; others are a
// *collectors.RefusalError; a context that has ended is its own error.
func (c *Client) token(ctx context.Context, api collectors.API, challenge string) (string, error) {
	c.mu.Lock()
	credential := c.credential
	c.mu.Unlock()

	// MSAL gives a request without a deadline 30 seconds, waits included; this one leaves
	// the patience to the transport.
	trace := &loginTrace{}
	bounded, cancel := context.WithTimeout(context.WithValue(ctx, loginTraceKey{}, trace), max(c.opts.MaxWait, 0)+loginPatience)
	defer cancel()
	access, err := credential.GetToken(bounded, policy.TokenRequestOptions{
		Scopes:    []string{c.opts.Cloud.Endpoint(api).Scope},
		EnableCAE: true,
		Claims:    challenge,
	})
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", c.signInError(api, err, trace)
	}
	if err := c.check(api, access.Token); err != nil {
		return "", err
	}
	return access.Token, nil
}

// check decodes a token that wasn't seen before and compares its tenant and its expiry.
func (c *Client) check(api collectors.API, token string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	got := c.claims[api]
	if token == "" {
		return c.authError(api, errors.New("the authority answered with an empty token; sign in another way"))
	}
	if got.raw != token {
		var err error
		if got, err = decodeClaims(token); err != nil {
			return c.authError(api, fmt.Errorf("%w, so that its tenant can't be checked; check that login names an authority of Microsoft Entra", err))
		}
		got.raw = token
	}
	if !strings.EqualFold(got.TenantID, c.opts.TenantID) {
		return c.authError(api, fmt.Errorf("the token is of tenant %s, and not of the one asked for; check the tenant's id (a GUID) and which tenant the identity belongs to", named(clean(got.TenantID, 64))))
	}
	if now := c.opts.Now(); !now.Before(time.Unix(int64(got.Expires), 0)) {
		err := fmt.Errorf("the token expired at %s; check this machine's clock and sign in again", time.Unix(int64(got.Expires), 0).UTC().Format(time.RFC3339))
		if api == collectors.Graph {
			return c.authError(api, err)
		}
		return &collectors.RefusalError{Reason: evidence.ServiceError, Message: "signing in: " + err.Error()}
	}
	c.claims[api] = got
	return nil
}

// authError wraps err as the end of the collection, with tenant and API named.
func (c *Client) authError(api collectors.API, err error) error {
	return &collectors.AuthError{Err: fmt.Errorf("signing in to tenant %s for %s: %w", c.opts.TenantID, api, err)}
}

// renew makes a credential with an empty cache, so that the next token is a fresh one.
// generation is the one that was found wanting: of several requests that ask for it at
// a time, one does it. It does nothing for a sign-in by a person.
func (c *Client) renew(generation int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if generation != c.generation || c.opts.Auth.Method == DeviceCode {
		return
	}
	if credential, err := c.newCredential(); err == nil {
		c.credential = credential
		c.generation++
	}
}

// named returns what a claim says, or that it says nothing.
func named(claim string) string {
	if claim == "" {
		return "none (the token has no tid)"
	}
	return claim
}
