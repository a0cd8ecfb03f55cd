package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// The variables with which GitHub Actions offers a job its token (GitHub, "OpenID
// Connect reference").
const (
	gitHubURL    = "ACTIONS_ID_TOKEN_REQUEST_URL"
	gitHubBearer = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
)

// maxAssertion is the greatest size of the answer with a federated token.
const maxAssertion = 1 << 20

// gitHubToken asks GitHub Actions for the job's token, which the authority takes in
// place of a secret. Errors name what the workflow lacks, and no token.
func (c *Client) gitHubToken(ctx context.Context) (string, error) {
	getenv := c.opts.Auth.Getenv
	address, bearer := getenv(gitHubURL), getenv(gitHubBearer)
	if address == "" || bearer == "" {
		return "", fmt.Errorf("%s and %s are not set; run in GitHub Actions and give the job permissions: id-token: write", gitHubURL, gitHubBearer)
	}
	target, err := url.Parse(address)
	if err != nil || target.Scheme != "https" {
		return "", fmt.Errorf("%s is no https URL; run in GitHub Actions", gitHubURL)
	}
	query := target.Query()
	query.Set("audience", c.audience())
	target.RawQuery = query.Encode()
	// What breaks here is not the login host's doing, and must not be noted as such.
	ctx = context.WithValue(ctx, loginTraceKey{}, nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return "", errors.New("asking GitHub for a token: the request can't be made")
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	req.Header.Set("Accept", "application/json")
	resp, err := c.login.Do(req)
	if err != nil {
		return "", fmt.Errorf("asking GitHub for a token: %s; check the network and the proxy", plain(err))
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("asking GitHub for a token: status %d; give the job permissions: id-token: write", resp.StatusCode)
	}
	var answer struct {
		Value string `json:"value"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAssertion)).Decode(&answer); err != nil || answer.Value == "" {
		return "", errors.New("asking GitHub for a token: the answer holds none")
	}
	return answer.Value, nil
}

// audience is the audience that the cloud's authority wants in a federated token
// (Microsoft Entra, "Configure an app to trust an external identity provider").
func (c *Client) audience() string {
	if c.opts.Auth.Audience != "" {
		return c.opts.Auth.Audience
	}
	switch c.opts.Cloud.Like {
	case "gcchigh", "dod":
		return "api://AzureADTokenExchangeUSGov"
	case "china":
		return "api://AzureADTokenExchangeChina"
	default:
		return "api://AzureADTokenExchange"
	}
}
