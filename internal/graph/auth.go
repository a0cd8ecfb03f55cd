package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Method is a way to sign in.
type Method string

// The methods.
const (
	// ClientSecret signs an application in with its secret.
	ClientSecret Method = "client_secret"
	// Certificate signs an application in with a certificate and its private key.
	Certificate Method = "certificate"
	// WorkloadIdentity signs in with the token that Kubernetes keeps in a file.
	WorkloadIdentity Method = "workload_identity"
	// GitHubOIDC signs in with the token that GitHub Actions issues to a job.
	GitHubOIDC Method = "github_oidc"
	// AzurePipelines signs in with a service connection of Azure DevOps.
	AzurePipelines Method = "azure_pipelines"
	// ManagedIdentity signs in as the identity of the Azure resource that this runs on.
	ManagedIdentity Method = "managed_identity"
	// DeviceCode signs a person in, who types a code into a browser.
	DeviceCode Method = "device_code"
	// AzureCLI signs in as whoever is signed in to the az command.
	AzureCLI Method = "azure_cli"
)

// Auth says how to sign in. All values are the secrets themselves, read already.
type Auth struct {
	Method Method
	// ClientID is the application's id; for ManagedIdentity that of a user-assigned
	// identity, empty for the system-assigned one; for DeviceCode empty means
	// azidentity's own application.
	ClientID string
	// Secret is the application's secret, for ClientSecret.
	Secret string
	// Certificate is a certificate with its private key, as PEM or PKCS #12.
	Certificate         []byte
	CertificatePassword string
	// TokenFile is the path of the file with the federated token, for WorkloadIdentity.
	TokenFile string
	// ServiceConnectionID and SystemAccessToken are for AzurePipelines.
	ServiceConnectionID string
	SystemAccessToken   string
	// Audience is the audience of the federated token, for GitHubOIDC. Empty means the
	// cloud's own.
	Audience string
	// Getenv looks up the variables with which GitHub Actions offers its tokens.
	Getenv func(string) string
}

// String names the method and the application, and no secret.
func (a Auth) String() string { return fmt.Sprintf("%s as %s", a.Method, a.ClientID) }

// GoString is String, so that %#v shows no secret either.
func (a Auth) GoString() string { return a.String() }

// secrets are the values that must not appear in a message.
func (a Auth) secrets() []string {
	return []string{a.Secret, a.CertificatePassword, a.SystemAccessToken}
}

// newCredential makes the credential that Auth asks for, with the tenant fixed, the
// cloud's authority, and the client's own transport, which knows proxy and authorities.
func (c *Client) newCredential() (azcore.TokenCredential, error) {
	auth, tenant, custom := c.opts.Auth, c.opts.TenantID, c.opts.Cloud.custom()
	options := azcore.ClientOptions{
		Cloud:     azcloud.Configuration{ActiveDirectoryAuthorityHost: c.opts.Cloud.Login},
		Transport: c.login,
		// The transport retries, within MaxWait.
		Retry: policy.RetryOptions{MaxRetries: -1},
	}
	if err := auth.missing(c.opts.Prompt); err != nil {
		return nil, err
	}
	switch auth.Method {
	case ClientSecret:
		return azidentity.NewClientSecretCredential(tenant, auth.ClientID, auth.Secret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: custom,
		})
	case Certificate:
		return c.newCertificateCredential(options)
	case WorkloadIdentity:
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: custom,
			TenantID: tenant, ClientID: auth.ClientID, TokenFilePath: auth.TokenFile,
		})
	case GitHubOIDC:
		return azidentity.NewClientAssertionCredential(tenant, auth.ClientID, c.gitHubToken, &azidentity.ClientAssertionCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: custom,
		})
	case AzurePipelines:
		return azidentity.NewAzurePipelinesCredential(tenant, auth.ClientID, auth.ServiceConnectionID, auth.SystemAccessToken, &azidentity.AzurePipelinesCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: custom,
		})
	case ManagedIdentity:
		// Azure's metadata service asks for retries of statuses that no other service
		// has retried; off Azure nothing answers, so the patience is short.
		options.Retry = policy.RetryOptions{MaxRetries: 3, RetryDelay: time.Second, TryTimeout: 10 * time.Second}
		identity := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		identity.Transport = &http.Client{Transport: c.transport}
		if auth.ClientID != "" {
			identity.ID = azidentity.ClientID(auth.ClientID)
		}
		return azidentity.NewManagedIdentityCredential(identity)
	case DeviceCode:
		return azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: custom,
			TenantID: tenant, ClientID: auth.ClientID, UserPrompt: c.prompt,
		})
	case AzureCLI:
		credential, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: tenant})
		if err != nil {
			return nil, err
		}
		return newKeptTokens(credential, c.opts.Now), nil
	default:
		return nil, fmt.Errorf("the method %q is unknown; known are %s", auth.Method, methodNames())
	}
}

// missing says which value the method needs and doesn't have.
func (a Auth) missing(prompt io.Writer) error {
	need := func(names ...string) error {
		values := map[string]bool{
			"the client id": a.ClientID != "", "the client secret": a.Secret != "",
			"the certificate": len(a.Certificate) > 0, "the federated token's file": a.TokenFile != "",
			"the service connection's id": a.ServiceConnectionID != "", "the system access token": a.SystemAccessToken != "",
			"the environment": a.Getenv != nil, "a place to show the code": prompt != nil,
		}
		for _, name := range names {
			if !values[name] {
				return fmt.Errorf("%s is missing; the method %s needs it", name, a.Method)
			}
		}
		return nil
	}
	switch a.Method {
	case ClientSecret:
		return need("the client id", "the client secret")
	case Certificate:
		return need("the client id", "the certificate")
	case WorkloadIdentity:
		return need("the client id", "the federated token's file")
	case GitHubOIDC:
		return need("the client id", "the environment")
	case AzurePipelines:
		return need("the client id", "the service connection's id", "the system access token")
	case DeviceCode:
		return need("a place to show the code")
	case ManagedIdentity, AzureCLI:
		return nil
	default:
		return nil // newCredential names the methods
	}
}

// newCertificateCredential reads the certificate and refuses one that has expired,
// which the authority would refuse with a message less clear.
func (c *Client) newCertificateCredential(options azcore.ClientOptions) (azcore.TokenCredential, error) {
	auth := c.opts.Auth
	certificates, key, err := azidentity.ParseCertificates(auth.Certificate, []byte(auth.CertificatePassword))
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w; give a certificate with its private key, as unencrypted PEM or as PKCS #12", err)
	}
	if now := c.opts.Now(); now.After(certificates[0].NotAfter) {
		return nil, fmt.Errorf("the certificate expired on %s; make a new one and register it with the application", certificates[0].NotAfter.UTC().Format(time.DateOnly))
	}
	credential, err := azidentity.NewClientCertificateCredential(c.opts.TenantID, auth.ClientID, certificates, key, &azidentity.ClientCertificateCredentialOptions{
		ClientOptions: options, DisableInstanceDiscovery: c.opts.Cloud.custom(),
	})
	if err != nil {
		return nil, fmt.Errorf("using the certificate: %w; give an RSA key that belongs to it", err)
	}
	return credential, nil
}

// prompt shows a person where to type the device code.
func (c *Client) prompt(_ context.Context, message azidentity.DeviceCodeMessage) error {
	if _, err := fmt.Fprintln(c.opts.Prompt, clean(message.Message, maxMessage)); err != nil {
		return errors.New("the device code could not be shown")
	}
	return nil
}

// methodNames lists the methods for a message.
func methodNames() string {
	return strings.Join([]string{
		string(ClientSecret), string(Certificate), string(WorkloadIdentity), string(GitHubOIDC),
		string(AzurePipelines), string(ManagedIdentity), string(DeviceCode), string(AzureCLI),
	}, ", ")
}
