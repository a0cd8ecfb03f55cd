package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

const programPath = "/usr/local/bin/domicile"

// manifest is what the tests look at of any object of Kubernetes.
type manifest struct {
	Kind string `yaml:"kind"`
	Spec struct {
		Template    podTemplate `yaml:"template"`
		JobTemplate struct {
			Spec struct {
				Template podTemplate `yaml:"template"`
			} `yaml:"spec"`
		} `yaml:"jobTemplate"`
		Ports []struct {
			TargetPort string `yaml:"targetPort"`
		} `yaml:"ports"`
		PodSelector struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		} `yaml:"podSelector"`
		Ingress []struct {
			Ports []struct {
				Port int `yaml:"port"`
			} `yaml:"ports"`
		} `yaml:"ingress"`
	} `yaml:"spec"`
}

type podTemplate struct {
	Spec podSpec `yaml:"spec"`
}

type podSpec struct {
	AutomountServiceAccountToken *bool `yaml:"automountServiceAccountToken"`
	// TerminationGracePeriodSeconds is how long the pod has to end.
	TerminationGracePeriodSeconds int `yaml:"terminationGracePeriodSeconds"`
	SecurityContext               struct {
		RunAsNonRoot   bool              `yaml:"runAsNonRoot"`
		RunAsUser      int               `yaml:"runAsUser"`
		SeccompProfile map[string]string `yaml:"seccompProfile"`
	} `yaml:"securityContext"`
	Containers []container `yaml:"containers"`
	Volumes    []struct {
		Name      string         `yaml:"name"`
		ConfigMap map[string]any `yaml:"configMap"`
		Projected struct {
			Sources []struct {
				ServiceAccountToken struct {
					Path string `yaml:"path"`
				} `yaml:"serviceAccountToken"`
			} `yaml:"sources"`
		} `yaml:"projected"`
		PersistentVolumeClaim map[string]any `yaml:"persistentVolumeClaim"`
	} `yaml:"volumes"`
}

type container struct {
	Image string   `yaml:"image"`
	Args  []string `yaml:"args"`
	Env   []struct {
		Name      string         `yaml:"name"`
		ValueFrom map[string]any `yaml:"valueFrom"`
	} `yaml:"env"`
	Ports []struct {
		Name          string `yaml:"name"`
		ContainerPort int    `yaml:"containerPort"`
	} `yaml:"ports"`
	SecurityContext struct {
		AllowPrivilegeEscalation *bool               `yaml:"allowPrivilegeEscalation"`
		ReadOnlyRootFilesystem   bool                `yaml:"readOnlyRootFilesystem"`
		Capabilities             map[string][]string `yaml:"capabilities"`
	} `yaml:"securityContext"`
	Resources struct {
		Limits map[string]string `yaml:"limits"`
	} `yaml:"resources"`
	VolumeMounts []struct {
		Name      string `yaml:"name"`
		MountPath string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
}

// manifests are the objects of the files that a folder's kustomization names.
func manifests(t *testing.T, folder string) []manifest {
	t.Helper()
	var kustomization struct {
		Resources []string `yaml:"resources"`
	}
	if err := yaml.Unmarshal([]byte(ciFile(t, folder+"/kustomization.yaml")), &kustomization); err != nil {
		t.Fatal(err)
	}
	var all []manifest
	for _, file := range kustomization.Resources {
		decoder := yaml.NewDecoder(strings.NewReader(ciFile(t, folder+"/"+file)))
		for {
			var next manifest
			err := decoder.Decode(&next)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s/%s: %v", folder, file, err)
			}
			all = append(all, next)
		}
	}
	return all
}

// pods are the pods of manifests.
func pods(all []manifest) []podSpec {
	var specs []podSpec
	for _, m := range all {
		for _, template := range []podTemplate{m.Spec.Template, m.Spec.JobTemplate.Spec.Template} {
			if len(template.Spec.Containers) > 0 {
				specs = append(specs, template.Spec)
			}
		}
	}
	return specs
}

// parsed are the flags of a command line of the program, which must have them all.
func parsed(t *testing.T, args []string) func(flag string) string {
	t.Helper()
	command, rest, err := newRoot(Environment{}).Find(args)
	if err != nil {
		t.Fatalf("domicile %s: %v", strings.Join(args, " "), err)
	}
	if err := errors.Join(command.ParseFlags(rest), command.ValidateArgs(command.Flags().Args())); err != nil {
		t.Fatalf("domicile %s: %v", strings.Join(args, " "), err)
	}
	return func(flag string) string { return command.Flag(flag).Value.String() }
}

var (
	execStart    = regexp.MustCompile(`(?m)^ExecStart=(\S+) (.+)$`)
	stopsWithin  = regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`)
	stateFolder  = regexp.MustCompile(`(?m)^StateDirectory=(.+)$`)
	socketBind   = regexp.MustCompile(`(?m)^SocketBindAllow=tcp:(\d+)$`)
	entrypoint   = regexp.MustCompile(`(?m)^ENTRYPOINT \["(.+)"\]$`)
	imageUser    = regexp.MustCompile(`(?m)^USER (\d+):\d+$`)
	imageProgram = regexp.MustCompile(`(?m)^COPY --from=build /out/domicile (\S+)$`)
)

func match(t *testing.T, what *regexp.Regexp, text string) []string {
	t.Helper()
	found := what.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("there is no %s", what)
	}
	return found[1:]
}

func port(listen string) string { return listen[strings.LastIndex(listen, ":")+1:] }

// TestUnits holds the units of systemd to the program: its commands and flags, and that
// they write into the folder that systemd makes.
func TestUnits(t *testing.T) {
	for _, name := range []string{"domicile.service", "domicile-scan@.service"} {
		t.Run(name, func(t *testing.T) {
			unit := strings.ReplaceAll(ciFile(t, "deploy/systemd/"+name), "%i", "contoso")
			start := match(t, execStart, unit)
			args := strings.Fields(start[1])
			if start[0] != programPath {
				t.Errorf("the unit starts %s, want %s", start[0], programPath)
			}
			flag := parsed(t, args)
			writes := []string{"out", "record"}
			if args[0] == "serve" {
				writes = []string{"data"}
				checkDrain(t, flag("drain"), match(t, stopsWithin, unit)[0])
				if bound, listens := match(t, socketBind, unit)[0], port(flag("listen")); bound != listens {
					t.Errorf("the unit may bind the port %s, and the server listens on %s", bound, listens)
				}
			}
			state := "/var/lib/" + match(t, stateFolder, unit)[0]
			for _, name := range writes {
				if folder := flag(name); folder != state && !strings.HasPrefix(folder, state+"/") {
					t.Errorf("--%s %s is not in %s", name, folder, state)
				}
			}
			if got := flag("config"); got != "/etc/domicile/domicile.yaml" {
				t.Errorf("--config is %s", got)
			}
		})
	}
}

// TestImage holds the image to what the manifests take it for.
func TestImage(t *testing.T) {
	dockerfile := ciFile(t, "deploy/Dockerfile")
	for _, what := range []*regexp.Regexp{imageProgram, entrypoint} {
		if got := match(t, what, dockerfile)[0]; got != programPath {
			t.Errorf("%s is %s, want %s", what, got, programPath)
		}
	}
	user := match(t, imageUser, dockerfile)[0]
	if !strings.Contains(dockerfile, "--chown="+user+":"+user+" /out/data /data") {
		t.Errorf("the folder /data isn't that of the user %s", user)
	}
}

// TestKubernetes holds the manifests to the program, to each other, and to the restricted
// level of Kubernetes' Pod Security Standards.
func TestKubernetes(t *testing.T) {
	for _, folder := range []string{"deploy/kubernetes/cronjob", "deploy/kubernetes/fleet"} {
		t.Run(path.Base(folder), func(t *testing.T) {
			all := manifests(t, folder)
			for _, m := range all {
				if m.Kind == "Secret" {
					t.Error("a secret stands in the manifests")
				}
			}
			var ours []podSpec
			for _, pod := range pods(all) {
				checkRestricted(t, pod)
				if pod.Containers[0].Image == "domicile" {
					ours = append(ours, pod)
				}
			}
			if len(ours) == 0 {
				t.Error("no pod runs domicile")
			}
			env := map[string]string{}
			for _, pod := range ours {
				checkPod(t, folder, pod, all)
				for _, e := range pod.Containers[0].Env {
					env[e.Name] = "postgres://database.contoso.com/domicile"
				}
			}
			checkConfiguration(t, filepath.Join("../..", folder, "domicile.yaml"), env)
		})
	}
}

func checkRestricted(t *testing.T, pod podSpec) {
	t.Helper()
	c := pod.Containers[0]
	demand := func(ok bool, what string) {
		if !ok {
			t.Errorf("%s: %s", c.Image, what)
		}
	}
	demand(len(pod.Containers) == 1, "it has more than one container")
	demand(pod.SecurityContext.RunAsNonRoot && pod.SecurityContext.RunAsUser > 0, "it may run as root")
	demand(pod.SecurityContext.SeccompProfile["type"] == "RuntimeDefault", "it has no seccomp profile")
	demand(pod.AutomountServiceAccountToken != nil && !*pod.AutomountServiceAccountToken, "it gets a token for the cluster")
	demand(c.SecurityContext.AllowPrivilegeEscalation != nil && !*c.SecurityContext.AllowPrivilegeEscalation, "it may gain privileges")
	demand(c.SecurityContext.ReadOnlyRootFilesystem, "it may write over its image")
	demand(slices.Equal(c.SecurityContext.Capabilities["drop"], []string{"ALL"}), "it has capabilities")
	demand(c.Resources.Limits["memory"] != "", "its memory has no limit")
}

// checkPod holds a pod of domicile's to its command line, its configuration and the ports
// that others use.
func checkPod(t *testing.T, folder string, pod podSpec, all []manifest) {
	t.Helper()
	c := pod.Containers[0]
	flag := parsed(t, c.Args)
	if user := match(t, imageUser, ciFile(t, "deploy/Dockerfile"))[0]; user != "65532" || pod.SecurityContext.RunAsUser != 65532 {
		t.Errorf("the image's user is %s, the pod's %d", user, pod.SecurityContext.RunAsUser)
	}

	mounted := func(holds func(volume int) bool) string {
		for i, volume := range pod.Volumes {
			for _, mount := range c.VolumeMounts {
				if mount.Name == volume.Name && holds(i) {
					return mount.MountPath
				}
			}
		}
		t.Fatal("a volume that the program needs isn't mounted")
		return ""
	}
	data := mounted(func(i int) bool { return pod.Volumes[i].PersistentVolumeClaim != nil })
	writes := []string{"data"}
	if c.Args[0] == "scan" {
		writes = []string{"out", "since", "record"}
	}
	for _, name := range writes {
		if got := flag(name); got != data && !strings.HasPrefix(got, data+"/") {
			t.Errorf("--%s=%s is not in the volume %s", name, got, data)
		}
	}
	configs := mounted(func(i int) bool { return pod.Volumes[i].ConfigMap != nil })
	if got := flag("config"); got != configs+"/domicile.yaml" {
		t.Errorf("--config=%s is not the configuration in %s", got, configs)
	}

	for _, e := range c.Env {
		if e.ValueFrom["secretKeyRef"] == nil {
			t.Errorf("the variable %s doesn't come from a secret", e.Name)
		}
	}
	token := ""
	folderOfToken := mounted(func(i int) bool {
		for _, source := range pod.Volumes[i].Projected.Sources {
			token = source.ServiceAccountToken.Path
		}
		return token != ""
	})
	if want := "token_file: " + folderOfToken + "/" + token; !strings.Contains(ciFile(t, folder+"/domicile.yaml"), want) {
		t.Errorf("the configuration lacks %s", want)
	}
	if c.Args[0] == "serve" {
		checkPorts(t, port(flag("listen")), c, all)
		checkDrain(t, flag("drain"), strconv.Itoa(pod.TerminationGracePeriodSeconds))
	}
}

// checkDrain sees that running scans have their time to end before the program is killed,
// and half a minute more.
func checkDrain(t *testing.T, drain, seconds string) {
	t.Helper()
	wanted, err := time.ParseDuration(drain)
	given, err2 := time.ParseDuration(seconds + "s")
	if err != nil || err2 != nil || given < wanted+30*time.Second {
		t.Errorf("scans have %s to end, and the program is killed after %s seconds", drain, seconds)
	}
}

func checkConfiguration(t *testing.T, file string, env map[string]string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Main(context.Background(), []string{"config", "check", "--config", file}, Environment{
		Stdout: &stdout, Stderr: &stderr, Now: time.Now, Getenv: func(name string) string { return env[name] },
	})
	if code != 0 {
		t.Errorf("config check ends with %d: %s", code, stderr.String())
	}
}

func checkPorts(t *testing.T, listens string, c container, all []manifest) {
	t.Helper()
	if len(c.Ports) != 1 || strconv.Itoa(c.Ports[0].ContainerPort) != listens {
		t.Fatalf("the container's ports are %v, and the server listens on %s", c.Ports, listens)
	}
	services, policies := 0, 0
	for _, m := range all {
		for _, p := range m.Spec.Ports {
			if m.Kind == "Service" && p.TargetPort == c.Ports[0].Name {
				services++
			}
		}
		for _, rule := range m.Spec.Ingress {
			for _, p := range rule.Ports {
				if m.Spec.PodSelector.MatchLabels["app.kubernetes.io/component"] == "server" && strconv.Itoa(p.Port) == listens {
					policies++
				}
			}
		}
	}
	if services != 1 || policies != 1 {
		t.Errorf("%d services and %d network policies lead to the port %s", services, policies, listens)
	}
}
