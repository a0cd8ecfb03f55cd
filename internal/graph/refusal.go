package graph

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/domicile-audit/domicile/collectors"
	"github.com/domicile-audit/domicile/evidence"
)

// maxMessage is the greatest length of a service's message in runes, maxCode that of
// its code.
const (
	maxMessage = 500
	maxCode    = 100
)

// errorBody is an error of OData (OData JSON Format 4.01, section 21.1), which Graph,
// the Defender APIs and Azure Resource Manager all send.
type errorBody struct {
	Error struct {
		Code       string `json:"code"`
		Message    string `json:"message"`
		InnerError struct {
			RequestID string `json:"request-id"`
		} `json:"innerError"`
	} `json:"error"`
}

// refuse turns an answer that isn't a 2xx into the error of collectors.Source: a 401 of
// Graph, which came with a fresh token, ends the collection; everything else is a
// RefusalError.
func (s *session) refuse(got reply) error {
	refusal := refusalOf(got)
	if got.status == http.StatusUnauthorized && s.api == collectors.Graph {
		return s.client.authError(s.api, errors.New("a fresh token was refused: "+refusal.Error()+"; check that the application is enabled and the cloud is the tenant's"))
	}
	return refusal
}

// refusalOf reads an error's body as far as it is one.
func refusalOf(got reply) *collectors.RefusalError {
	refusal := &collectors.RefusalError{Status: got.status, RequestID: got.requestID}
	var body errorBody
	if err := json.Unmarshal(got.body, &body); err == nil {
		refusal.Code = clean(body.Error.Code, maxCode)
		refusal.Message = clean(body.Error.Message, maxMessage)
		if refusal.RequestID == "" {
			refusal.RequestID = clean(body.Error.InnerError.RequestID, maxCode)
		}
	}
	switch {
	case got.status == http.StatusTooManyRequests:
		refusal.Reason = evidence.Throttled
	case busy(got.status) && got.header.Get("Retry-After") != "":
		refusal.Reason = evidence.Throttled // asked to come back later than MaxWait allows
	case busy(got.status):
		refusal.Reason = evidence.ServiceError
	case got.status >= 300 && got.status < 400:
		refusal.Reason = evidence.Invalid
		refusal.Message = "the service redirects to another place, which is not followed"
		if target, err := url.Parse(got.header.Get("Location")); err == nil && target.Host != "" {
			refusal.Message = "the service redirects to " + clean(target.Host, maxCode) + ", which is not followed; check the end point"
		}
	}
	if refusal.Message == "" {
		refusal.Message = http.StatusText(got.status)
	}
	return refusal
}

// tokens finds access tokens (JWTs), which a service or a proxy may echo.
var tokens = regexp.MustCompile(`\bey[Jj][A-Za-z0-9_-]{10,}(\.[A-Za-z0-9_-]+)*`)

// redact takes tokens out of a text.
func redact(text string) string { return tokens.ReplaceAllString(text, "[redacted]") }

// clean takes tokens and control characters out of a text of another program and cuts it
// to a number of runes.
func clean(text string, runes int) string {
	text = redact(text)
	var b strings.Builder
	space := true
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			r = ' '
		}
		if r == ' ' && space {
			continue
		}
		if runes--; runes < 0 {
			b.WriteString("…")
			break
		}
		space = r == ' '
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ")
}

// plain is the text of a network error without the URL in front of it, cleaned.
func plain(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return clean(err.Error(), maxMessage)
}
