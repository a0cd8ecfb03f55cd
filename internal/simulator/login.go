package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// claims are the claims of the access tokens that a reader of them looks at.
type claims struct {
	Audience string   `json:"aud"`
	Issuer   string   `json:"iss"`
	TenantID string   `json:"tid"`
	AppID    string   `json:"appid"`
	Roles    []string `json:"roles,omitempty"`
	IssuedAt int64    `json:"iat"`
	Starts   int64    `json:"nbf"`
	Expires  int64    `json:"exp"`
	Type     string   `json:"idtyp"`
	Version  string   `json:"ver"`
}

// login answers as the sign-in service: instance discovery, OpenID configuration and
// the token endpoint of the tenant.
func (c *call) login() {
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
	switch {
	case c.path == "/common/discovery/instance":
		c.instances()
		return
	case rest != "v2.0/.well-known/openid-configuration" && rest != "oauth2/v2.0/token":
		c.out.json(http.StatusNotFound, map[string]string{"error": "not_found", "error_description": "There is nothing at this address."})
		return
	case !strings.EqualFold(tenant, c.server.tenant.ID):
		c.signInError(http.StatusBadRequest, "invalid_tenant", 90002, fmt.Sprintf("Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", tenant))
		return
	case rest == "oauth2/v2.0/token":
		c.token()
		return
	}
	base := c.server.url + "/" + tenant
	c.out.json(http.StatusOK, map[string]any{
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"response_types_supported":              []string{"code", "id_token"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"issuer":                                base + "/v2.0",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         base + "/oauth2/v2.0/devicecode",
		"tenant_region_scope":                   "EU",
	})
}

// instances answers a client that asks whether the authority is to be trusted.
func (c *call) instances() {
	host := strings.TrimPrefix(c.server.url, "https://")
	c.out.json(http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": c.server.url + "/" + c.server.tenant.ID + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []map[string]any{{
			"preferred_network": host, "preferred_cache": host, "aliases": []string{host},
		}},
	})
}

// token issues an access token for a client secret.
func (c *call) token() {
	if c.r.Method != http.MethodPost {
		c.signInError(http.StatusBadRequest, "invalid_request", 900561, "The endpoint only accepts POST requests. Received a "+c.r.Method+" request.")
		return
	}
	body, err := c.body()
	form, parseErr := url.ParseQuery(string(body))
	if err != nil || parseErr != nil {
		c.signInError(http.StatusBadRequest, "invalid_request", 900144, "The request body must be a form.")
		return
	}
	id := form.Get("client_id")
	want, found := c.server.tenant.client(id)
	switch {
	case form.Get("grant_type") != "client_credentials":
		c.signInError(http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '"+form.Get("grant_type")+"'.")
		return
	case !found:
		c.signInError(http.StatusBadRequest, "unauthorized_client", 700016, fmt.Sprintf("Application with identifier '%s' was not found in the directory '%s'.", id, c.server.tenant.DisplayName))
		return
	case subtle.ConstantTimeCompare([]byte(form.Get("client_secret")), []byte(want.Secret)) != 1:
		c.signInError(http.StatusUnauthorized, "invalid_client", 7000215, fmt.Sprintf("Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", want.ID))
		return
	}
	audience, roles, ok := c.server.scope(want.ID, form.Get("scope"))
	if !ok {
		c.signInError(http.StatusBadRequest, "invalid_resource", 500011, fmt.Sprintf("The resource principal named %s was not found in the tenant named %s.", form.Get("scope"), c.server.tenant.DisplayName))
		return
	}
	c.out.header.Set("Cache-Control", "no-store, no-cache")
	c.out.json(http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600,
		"access_token": c.server.issueToken(want.ID, audience, roles),
	})
}

// client is the application with the id, which reads or which writes.
func (t *Tenant) client(id string) (client, bool) {
	for _, one := range []client{t.doc.Client, {t.doc.Remediator.ID, t.doc.Remediator.Secret}} {
		if id != "" && strings.EqualFold(id, one.ID) {
			return one, true
		}
	}
	return client{}, false
}

// scope finds the API that a scope names (<endpoint>/.default), and the roles that the
// tenant grants the application there. The bare origin stands for all APIs at once.
func (s *Server) scope(clientID, scopes string) (audience string, roles []string, ok bool) {
	granted := s.tenant.doc.Permissions
	if writer := s.tenant.doc.Remediator; clientID == writer.ID {
		granted = permissions{Graph: writer.Permissions}
	}
	for scope := range strings.FieldsSeq(scopes) {
		endpoint, isDefault := strings.CutSuffix(scope, "/.default")
		if !isDefault {
			continue
		}
		at, err := url.Parse(endpoint)
		if err != nil || "https://"+at.Host != s.url {
			return "", nil, false
		}
		switch strings.TrimSuffix(at.Path, "/") {
		case "":
			roles = slices.Concat(granted.Graph, granted.XDR, granted.MDE)
		case "/xdr":
			roles = slices.Clone(granted.XDR)
		case "/mde":
			roles = slices.Clone(granted.MDE)
		case "/arm":
		default:
			return "", nil, false
		}
		slices.Sort(roles)
		return strings.TrimSuffix(endpoint, "/"), slices.Compact(roles), true
	}
	return "", nil, false
}

// issueToken makes an access token in the form of a JWT. It holds until the authority
// ends, as a client may live at another time than the tenant.
func (s *Server) issueToken(clientID, audience string, roles []string) string {
	day := midnight(s.now).Add(-24 * time.Hour).Unix()
	payload, err := json.Marshal(claims{
		Audience: audience, Issuer: s.url + "/" + s.tenant.ID + "/v2.0", TenantID: s.tenant.ID,
		AppID: clientID, Roles: roles, IssuedAt: day, Starts: day,
		Expires: authorityEnd.Unix(), Type: "app", Version: "1.0",
	})
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(payload)
	return signed + "." + encode(s.mac(signed))
}

func (s *Server) mac(text string) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// reader checks the call's access token and returns its claims; ok is false without a
// token of this server for the API that stands at mount ("", /xdr, /mde or /arm).
func (c *call) reader(mount string) (cl claims, ok bool) {
	token, found := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	cut := strings.LastIndex(token, ".")
	if !found || cut < 0 {
		return claims{}, false
	}
	mac, err := base64.RawURLEncoding.DecodeString(token[cut+1:])
	if err != nil || !hmac.Equal(mac, c.server.mac(token[:cut])) {
		return claims{}, false
	}
	_, payload, _ := strings.Cut(token[:cut], ".")
	data, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || json.Unmarshal(data, &cl) != nil {
		return claims{}, false
	}
	return cl, cl.Audience == c.server.url || cl.Audience == c.server.url+mount
}

// signInError answers in the shape of the sign-in service's errors.
func (c *call) signInError(status int, code string, number int, message string) {
	c.out.json(status, map[string]any{
		"error": code, "error_codes": []int{number},
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Timestamp: %s", number, message, c.id, c.server.now.Format("2006-01-02 15:04:05Z")),
		"timestamp":         c.server.now.Format("2006-01-02 15:04:05Z"), "trace_id": c.id,
	})
}
