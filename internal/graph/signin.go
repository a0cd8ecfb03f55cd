package graph

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// aadsts finds the error code of Microsoft Entra and the sentence that goes with it.
var aadsts = regexp.MustCompile(`(AADSTS\d+):\s*([^"\\\r\n]*)`)

// hint returns what to do about an error code of Microsoft Entra (Microsoft Entra,
// "Authentication and authorization error codes"), or empty.
func hint(code string) string {
	switch code {
	case "AADSTS7000215":
		return "the client secret is wrong; give the secret's value, not its id"
	case "AADSTS7000222":
		return "the client secret has expired; make a new one in the application's registration"
	case "AADSTS700016":
		return "the tenant doesn't know the application; check the client id and the tenant's id, and consent to the application in this tenant"
	case "AADSTS700027", "AADSTS700024":
		return "the certificate or the federated token isn't accepted; check that it is registered with the application and that this machine's clock is right"
	case "AADSTS70021", "AADSTS700211", "AADSTS700212", "AADSTS700213":
		return "no federated credential of the application matches issuer, subject and audience of the token; compare them with the application's registration"
	case "AADSTS90002":
		return "the tenant is unknown; check its id and its cloud"
	case "AADSTS53003":
		return "conditional access has blocked the sign-in; let the application through or sign in from an allowed place"
	case "AADSTS50076", "AADSTS50079":
		return "a second factor is asked for; sign in with device_code or as an application"
	case "AADSTS7000112":
		return "the application is disabled in the tenant; enable it under Enterprise applications"
	case "AADSTS500011", "AADSTS650052", "AADSTS650057":
		return "the tenant has no such API; the product may not be licensed, or nobody has consented to it"
	case "AADSTS65001":
		return "nobody has consented to the application for this API; an administrator grants it under API permissions"
	case "AADSTS500014":
		return "the API is disabled in the tenant; enable it under Enterprise applications"
	case "AADSTS900384", "AADSTS50020":
		return "the account isn't in the tenant; sign in with one that is"
	default:
		return ""
	}
}

// unconsented says whether a code means that the tenant doesn't have the API or hasn't
// consented to it, which is a missing permission and no failed sign-in.
func unconsented(code string) bool {
	switch code {
	case "AADSTS500011", "AADSTS65001", "AADSTS650052", "AADSTS650057", "AADSTS500014", "AADSTS501051":
		return true
	default:
		return false
	}
}

// signInError says why no token was got: an *collectors.AuthError for Graph and a
// *collectors.RefusalError for the other APIs.
func (c *Client) signInError(api collectors.API, err error, trace *loginTrace) error {
	code, message, reason := c.explain(err, trace)
	if api == collectors.Graph {
		return c.authError(api, errors.New(message))
	}
	refusal := &collectors.RefusalError{
		Code: code, Reason: reason,
		Message: fmt.Sprintf("getting a token for %s: %s", api, message),
	}
	var failed *azidentity.AuthenticationFailedError
	if errors.As(err, &failed) && failed.RawResponse != nil {
		refusal.Status = failed.RawResponse.StatusCode
		refusal.RequestID = failed.RawResponse.Header.Get("x-ms-request-id")
	}
	return refusal
}

// explain turns an error of azidentity into a code, a sentence without secrets, and the
// reason that it is for an API that isn't Graph.
func (c *Client) explain(err error, trace *loginTrace) (code, message string, reason evidence.Reason) {
	text := err.Error()
	if found := aadsts.FindStringSubmatch(text); found != nil {
		code = found[1]
		message = strings.TrimSpace(found[2])
		if before, _, ok := strings.Cut(message, " Trace ID:"); ok {
			message = before
		}
		message = code + ": " + c.scrub(message)
		if advice := hint(code); advice != "" {
			message += "; hint: " + advice
		}
		if unconsented(code) {
			return code, message, evidence.NoPermission
		}
		return code, message, evidence.ServiceError
	}
	if trace.err != nil {
		return "", c.unreachableLogin(trace.err), evidence.Unreachable
	}
	var failed *azidentity.AuthenticationFailedError
	if errors.As(err, &failed) && failed.RawResponse != nil {
		return "", fmt.Sprintf("the authority answered with status %d %s; check the login host and the tenant's id",
			failed.RawResponse.StatusCode, http.StatusText(failed.RawResponse.StatusCode)), evidence.ServiceError
	}
	return "", c.scrub(text), evidence.ServiceError
}

// unreachableLogin says that the authority can't be reached, and what may be the cause.
func (c *Client) unreachableLogin(err error) string {
	advice := "check the network and the proxy"
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	if errors.As(err, &unknown) || errors.As(err, &host) {
		advice = "a proxy that looks into TLS may be in between; add its authority with ca_file"
	}
	return fmt.Sprintf("reaching the login host %s: %s; hint: %s", c.opts.Cloud.Login, c.scrub(plain(err)), advice)
}

// scrub cleans a message of another program and takes the secrets out of it.
func (c *Client) scrub(message string) string {
	for _, secret := range c.opts.Auth.secrets() {
		if secret != "" {
			message = strings.ReplaceAll(message, secret, "[redacted]")
		}
	}
	return clean(message, maxMessage)
}
