package reports

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/findings"
)

// isLink says whether reports may make a link of an address: https, and one of
// Microsoft's documentation hosts, with nothing in it that is not plain.
func isLink(address string) bool { return isOf(address, "learn.microsoft.com") }

// isMicrosofts says whether an address is of Microsoft's portals or documentation, as isLink does.
func isMicrosofts(address string) bool { return isOf(address, "microsoft.com", "portal.azure.com") }

// isOf says whether an address is plain, https, and of one of the hosts or below it.
func isOf(address string, hosts ...string) bool {
	if !plain(address) || strings.ContainsAny(address, " \"'<>`\\") {
		return false
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "https" || parsed.User != nil || parsed.Port() != "" {
		return false
	}
	host := strings.ToLower(parsed.Hostname())
	return slices.ContainsFunc(hosts, func(of string) bool { return host == of || strings.HasSuffix(host, "."+of) })
}

// relativeURI turns the path of a file into a relative, percent-encoded reference, as
// code scanning demands: no scheme, no drive, no leading slash and no step upwards. Of a
// path that is none of that only the last element is kept. The reference of no path is
// empty.
func relativeURI(file string) string {
	file = strings.ReplaceAll(file, `\`, "/")
	if file == "" {
		return ""
	}
	cleaned := path.Clean(file)
	drive := len(cleaned) > 1 && cleaned[1] == ':'
	if path.IsAbs(cleaned) || drive || cleaned == ".." || strings.HasPrefix(cleaned, "../") || strings.Contains(cleaned, "://") {
		cleaned = path.Base(cleaned)
	}
	if cleaned == "." || cleaned == ".." || cleaned == "/" {
		return ""
	}
	segments := strings.Split(cleaned, "/")
	for i, segment := range segments {
		// A colon in the first segment would read as a scheme (RFC 3986, 4.2).
		segments[i] = strings.ReplaceAll(url.PathEscape(segment), ":", "%3A")
	}
	return strings.Join(segments, "/")
}

// configPlace is the line of the customer's configuration that asks for what a rule holds
// a tenant to: where it names the rule, or else the first of the rule's parameters, or
// else line 1. Without a configuration it is the rule's own file, line 1.
func configPlace(config findings.Config, rule findings.Rule) (uri string, line int) {
	uri = relativeURI(config.URI)
	if uri == "" {
		return relativeURI("policies/" + rule.Topic + "/" + rule.ID + ".rego"), 1
	}
	for _, key := range append([]string{rule.ID}, rule.Params...) {
		if line := config.Lines[key]; line > 0 {
			return uri, line
		}
	}
	return uri, 1
}
