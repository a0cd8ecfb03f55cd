package graph

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/collectors"
)

// Endpoint is where an API answers and what a token for it is asked for. The zero
// Endpoint means that the cloud doesn't have the API.
type Endpoint struct {
	// URL is the base URL, with no slash at its end. It may carry a path prefix.
	URL string
	// Scope is the audience of the tokens, such as https://graph.microsoft.com/.default.
	Scope string
}

// Cloud is one of Microsoft's clouds, or a stand-in for one.
type Cloud struct {
	Name string
	// Like names the cloud whose rules apply: Name itself, save for a custom cloud.
	Like string
	// Login is the base URL of the authority that issues tokens.
	Login string

	Graph Endpoint
	XDR   Endpoint
	MDE   Endpoint
	ARM   Endpoint
}

// Endpoints are the base URLs of a custom cloud. Login and Graph are required; an API
// whose URL is empty isn't in the cloud.
type Endpoints struct {
	Login, Graph, XDR, MDE, ARM string
}

// customName is the name of every cloud that Custom makes.
const customName = "custom"

// The end points, by cloud. Graph and login hosts: Microsoft Graph, "National cloud
// deployments". XDR: Microsoft Defender XDR, "US Government customers". MDE: Microsoft
// Defender for Endpoint, "US Government customers"; its audience in the worldwide cloud
// kept the name that its host had before. ARM: Azure's list of cloud end points. GCC
// stands in the worldwide cloud, save for the two Defender APIs.
const (
	loginWorldwide = "https://login.microsoftonline.com"
	loginUSGov     = "https://login.microsoftonline.us"
	loginChina     = "https://login.chinacloudapi.cn"
)

// Clouds returns Microsoft's clouds: global, gcc, gcchigh, dod and china.
func Clouds() []Cloud {
	return []Cloud{
		{
			Name: "global", Like: "global", Login: loginWorldwide,
			Graph: endpoint("https://graph.microsoft.com"),
			XDR:   endpoint("https://api.security.microsoft.com"),
			MDE:   Endpoint{URL: "https://api.security.microsoft.com", Scope: "https://api.securitycenter.microsoft.com/.default"},
			ARM:   endpoint("https://management.azure.com"),
		},
		{
			Name: "gcc", Like: "gcc", Login: loginWorldwide,
			Graph: endpoint("https://graph.microsoft.com"),
			XDR:   endpoint("https://api-gcc.security.microsoft.us"),
			MDE:   endpoint("https://api-gcc.securitycenter.microsoft.us"),
			ARM:   endpoint("https://management.azure.com"),
		},
		{
			Name: "gcchigh", Like: "gcchigh", Login: loginUSGov,
			Graph: endpoint("https://graph.microsoft.us"),
			XDR:   endpoint("https://api-gov.security.microsoft.us"),
			MDE:   endpoint("https://api-gov.securitycenter.microsoft.us"),
			ARM:   endpoint("https://management.usgovcloudapi.net"),
		},
		{
			Name: "dod", Like: "dod", Login: loginUSGov,
			Graph: endpoint("https://dod-graph.microsoft.us"),
			XDR:   endpoint("https://api-gov.security.microsoft.us"),
			MDE:   endpoint("https://api-gov.securitycenter.microsoft.us"),
			ARM:   endpoint("https://management.usgovcloudapi.net"),
		},
		{
			Name: "china", Like: "china", Login: loginChina,
			Graph: endpoint("https://microsoftgraph.chinacloudapi.cn"),
			ARM:   endpoint("https://management.chinacloudapi.cn"),
		},
	}
}

// CloudByName returns one of Clouds, or an error that lists their names.
func CloudByName(name string) (Cloud, error) {
	clouds := Clouds()
	names := make([]string, len(clouds))
	for i, cloud := range clouds {
		if cloud.Name == name {
			return cloud, nil
		}
		names[i] = cloud.Name
	}
	return Cloud{}, fmt.Errorf("cloud %q is unknown; known are %s, and custom with end points of its own", name, strings.Join(names, ", "))
}

// Custom returns a cloud with end points of its own that stands for the cloud named
// like. Every URL must be an https URL with a host; those of APIs may have a path.
// Tokens are asked for with the scope <end point>/.default of each API.
func Custom(like string, e Endpoints) (Cloud, error) {
	if _, err := CloudByName(like); err != nil {
		return Cloud{}, fmt.Errorf("reading the end points of a custom cloud: like: %w", err)
	}
	login, err := baseURL(e.Login)
	if err != nil {
		return Cloud{}, fmt.Errorf("reading the end points of a custom cloud: login: %w", err)
	}
	if parsed, err := url.Parse(login); err != nil || parsed.Path != "" {
		return Cloud{}, fmt.Errorf("reading the end points of a custom cloud: login: %s has a path; an authority is a host, the tenant is its path", login)
	}
	cloud := Cloud{Name: customName, Like: like, Login: login}
	for _, part := range []struct {
		name string
		raw  string
		to   *Endpoint
	}{
		{"graph", e.Graph, &cloud.Graph},
		{"xdr", e.XDR, &cloud.XDR},
		{"mde", e.MDE, &cloud.MDE},
		{"arm", e.ARM, &cloud.ARM},
	} {
		if part.raw == "" && part.name != "graph" {
			continue
		}
		base, err := baseURL(part.raw)
		if err != nil {
			return Cloud{}, fmt.Errorf("reading the end points of a custom cloud: %s: %w", part.name, err)
		}
		*part.to = endpoint(base)
	}
	return cloud, nil
}

// Endpoint returns the end point of an API; the zero Endpoint where the cloud doesn't
// have it.
func (c Cloud) Endpoint(api collectors.API) Endpoint {
	switch api {
	case collectors.Graph:
		return c.Graph
	case collectors.XDR:
		return c.XDR
	case collectors.MDE:
		return c.MDE
	case collectors.ARM:
		return c.ARM
	default:
		return Endpoint{}
	}
}

// custom says whether the authority is not one of Microsoft's own, so that asking
// Microsoft about it would be in vain.
func (c Cloud) custom() bool {
	return !slices.Contains([]string{loginWorldwide, loginUSGov, loginChina}, c.Login)
}

// endpoint returns the end point at base whose audience is base itself.
func endpoint(base string) Endpoint {
	return Endpoint{URL: base, Scope: base + "/.default"}
}

// baseURL checks one URL of a configuration and takes the slash off its end. Errors
// don't repeat a user name or password that stands in it.
func baseURL(raw string) (string, error) {
	parsed, err := url.Parse(raw)
	switch {
	case raw == "":
		return "", fmt.Errorf("the URL is missing; give it as https://host[:port][/path]")
	case err != nil:
		return "", fmt.Errorf("the URL can't be read; give it as https://host[:port][/path]")
	case parsed.User != nil:
		return "", fmt.Errorf("the URL of host %s has a user name in it; take it out", parsed.Host)
	case parsed.Scheme != "https" || parsed.Hostname() == "":
		return "", fmt.Errorf("%q is no https URL; give it as https://host[:port][/path]", raw)
	case parsed.RawQuery != "" || parsed.ForceQuery || parsed.Fragment != "":
		return "", fmt.Errorf("%q has a query or a fragment; take it out", raw)
	}
	return strings.TrimRight(parsed.String(), "/"), nil
}

// origin returns scheme, host and port of a URL, with the port that is the scheme's
// own left out, so that two origins compare as strings.
func origin(u *url.URL) string {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	scheme := strings.ToLower(u.Scheme)
	if port == "" || (scheme == "https" && port == "443") || (scheme == "http" && port == "80") {
		return scheme + "://" + host
	}
	return scheme + "://" + host + ":" + port
}
