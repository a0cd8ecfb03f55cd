package simulator_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestOpenIDConfigurationNamesThisHostOnly(t *testing.T) {
	v := visit(t, "good")
	got := v.get("/" + v.tenant.ID + "/v2.0/.well-known/openid-configuration")
	for _, name := range []string{"token_endpoint", "authorization_endpoint", "issuer", "jwks_uri", "device_authorization_endpoint"} {
		if !strings.HasPrefix(text(got.body[name]), v.URL()+"/"+v.tenant.ID+"/") {
			t.Errorf("%s = %v, want an address at %s", name, got.body[name], v.URL())
		}
	}
	discovery := v.get("/common/discovery/instance?api-version=1.1")
	if !strings.HasPrefix(text(discovery.body["tenant_discovery_endpoint"]), v.URL()) {
		t.Errorf("instance discovery = %s", discovery.raw)
	}
}

func TestSignInErrors(t *testing.T) {
	v := visit(t, "good")
	id, secret := v.tenant.Secret()
	scope := v.URL() + "/.default"
	const stranger = "99999999-0000-4000-8000-000000000009"
	tests := []struct {
		name, tenant, form string
		status             int
		code, number       string
	}{
		{"wrong secret", v.tenant.ID, form(id, "guessed", scope), 401, "invalid_client", "AADSTS7000215"},
		{"no secret", v.tenant.ID, form(id, "", scope), 401, "invalid_client", "AADSTS7000215"},
		{"unknown client", v.tenant.ID, form(stranger, secret, scope), 400, "unauthorized_client", "AADSTS700016"},
		{"unknown tenant", stranger, form(id, secret, scope), 400, "invalid_tenant", "AADSTS90002"},
		{"foreign resource", v.tenant.ID, form(id, secret, "https://graph.microsoft.com/.default"), 400, "invalid_resource", "AADSTS500011"},
		{"unknown API", v.tenant.ID, form(id, secret, v.URL()+"/other/.default"), 400, "invalid_resource", "AADSTS500011"},
		{"no default scope", v.tenant.ID, form(id, secret, v.URL()+"/User.Read"), 400, "invalid_resource", "AADSTS500011"},
		{"another grant", v.tenant.ID, "grant_type=password", 400, "unsupported_grant_type", "AADSTS70003"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := v.post("/"+tt.tenant+"/oauth2/v2.0/token", tt.form)
			if got.status != tt.status || got.body["error"] != tt.code || !strings.HasPrefix(text(got.body["error_description"]), tt.number+":") {
				t.Errorf("got %d %s, want %d %s %s", got.status, got.raw, tt.status, tt.code, tt.number)
			}
		})
	}
	if got := v.get("/" + stranger + "/v2.0/.well-known/openid-configuration"); got.status != 400 || !strings.Contains(string(got.raw), "AADSTS90002") {
		t.Errorf("configuration of an unknown tenant: %d %s", got.status, got.raw)
	}
	if got := v.get("/" + v.tenant.ID + "/oauth2/v2.0/token"); got.status != 400 || !strings.Contains(string(got.raw), "AADSTS900561") {
		t.Errorf("GET of the token endpoint: %d %s", got.status, got.raw)
	}
}

// tokenClaims decodes the payload of a JWT.
func tokenClaims(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("token %q has %d parts, want 3", token, len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestTheScopeDecidesTheRoles(t *testing.T) {
	v := visit(t, "good")
	id, _ := v.tenant.Secret()
	tests := []struct {
		scope       string
		with, sans  string
		graph, xdr  int
		mde, azure  int
		wantRoleful bool
	}{
		{"/.default", "ThreatHunting.Read.All", "Mail.Read", 200, 200, 200, 200, true},
		{"/xdr/.default", "Incident.Read.All", "User.Read.All", 401, 200, 401, 401, true},
		{"/mde/.default", "Machine.Read.All", "Incident.Read.All", 401, 401, 200, 401, true},
		{"/arm/.default", "", "Incident.Read.All", 401, 401, 401, 200, false},
	}
	for _, tt := range tests {
		t.Run(tt.scope, func(t *testing.T) {
			v.token = v.signIn(tt.scope)
			claims := tokenClaims(t, v.token)
			if claims["tid"] != v.tenant.ID || claims["appid"] != id || claims["aud"] != strings.TrimSuffix(v.URL()+tt.scope, "/.default") {
				t.Errorf("claims = %v", claims)
			}
			if exp, _ := claims["exp"].(float64); int64(exp) <= present.Unix() {
				t.Errorf("exp = %v, which is over", claims["exp"])
			}
			roles, _ := claims["roles"].([]any)
			if slices.Contains(roles, any(tt.sans)) || slices.Contains(roles, any(tt.with)) != tt.wantRoleful {
				t.Errorf("roles = %v, want %q and not %q", roles, tt.with, tt.sans)
			}
			for path, want := range map[string]int{
				"/v1.0/organization": tt.graph, "/xdr/api/incidents": tt.xdr, "/api/incidents": tt.xdr,
				"/mde/api/machineactions": tt.mde, "/api/machineactions": tt.mde,
				"/arm/subscriptions?api-version=2022-12-01": tt.azure, "/subscriptions?api-version=2022-12-01": tt.azure,
			} {
				if got := v.get(path); got.status != want {
					t.Errorf("GET %s with a token for %s: %d, want %d", path, tt.scope, got.status, want)
				}
			}
		})
	}
}

func TestTokensOfOthersAreRefused(t *testing.T) {
	v := visit(t, "good")
	own := v.token
	parts := strings.Split(own, ".")
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"aud":"` + v.URL() + `","roles":["User.Read.All"]}`))
	for name, token := range map[string]string{
		"none": "", "words": "abc", "another server's": visit(t, "good").token,
		"changed payload": parts[0] + "." + forged + "." + parts[2],
		"unsigned":        parts[0] + "." + forged + ".",
	} {
		v.token = token
		if got := v.get("/v1.0/users"); got.status != http.StatusUnauthorized || got.code() != "InvalidAuthenticationToken" {
			t.Errorf("token %s: %d %s, want 401 InvalidAuthenticationToken", name, got.status, got.raw)
		}
	}
	v.token = own
	if got := v.get("/v1.0/users"); got.status != http.StatusOK {
		t.Errorf("the own token: %d %s", got.status, got.raw)
	}
}
