// Calls the plugin as container runtimes do, through libcni: reads a list of calls from stdin and writes what came of
// each, so that a test decides what ought to.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/types"
)

type call struct {
	// ADD, CHECK, DEL, GC, STATUS, VALIDATE, VERSION
	Command string `json:"command"`
	// The configuration list of this call.
	List json.RawMessage `json:"list"`
	// The sandbox, and for GC those that are still there.
	ContainerID string      `json:"containerId"`
	Netns       string      `json:"netns"`
	Args        [][2]string `json:"args"`
	Valid       []string    `json:"valid"`
}

type outcome struct {
	Result any          `json:"result,omitempty"`
	Error  *types.Error `json:"error,omitempty"`
}

func carryOut(cni *libcni.CNIConfig, plugin string, c call) (any, error) {
	ctx := context.Background()
	list, err := libcni.NetworkConfFromBytes(c.List)
	if err != nil {
		return nil, err
	}
	sandbox := &libcni.RuntimeConf{ContainerID: c.ContainerID, NetNS: c.Netns, IfName: "eth0", Args: c.Args}
	switch c.Command {
	case "ADD":
		return cni.AddNetworkList(ctx, list, sandbox)
	case "CHECK":
		return nil, cni.CheckNetworkList(ctx, list, sandbox)
	case "DEL":
		return nil, cni.DelNetworkList(ctx, list, sandbox)
	case "GC":
		valid := []types.GCAttachment{}
		for _, id := range c.Valid {
			valid = append(valid, types.GCAttachment{ContainerID: id, IfName: "eth0"})
		}
		return nil, cni.GCNetworkList(ctx, list, &libcni.GCArgs{ValidAttachments: valid})
	case "STATUS":
		return nil, cni.GetStatusNetworkList(ctx, list)
	case "VALIDATE":
		return cni.ValidateNetworkList(ctx, list)
	case "VERSION":
		info, err := cni.GetVersionInfo(ctx, plugin)
		if err != nil {
			return nil, err
		}
		return info.SupportedVersions(), nil
	}
	return nil, errors.New("no such command: " + c.Command)
}

// Arguments: the folder of plugins, the folder of libcni's cache, the plugin's name.
func main() {
	var calls []call
	if err := json.NewDecoder(os.Stdin).Decode(&calls); err != nil {
		panic(err)
	}
	cni := libcni.NewCNIConfigWithCacheDir([]string{os.Args[1]}, os.Args[2], nil)
	outcomes := []outcome{}
	for _, c := range calls {
		result, err := carryOut(cni, os.Args[3], c)
		var coded *types.Error
		if err != nil && !errors.As(err, &coded) {
			coded = &types.Error{Code: 0, Msg: err.Error()}
		}
		outcomes = append(outcomes, outcome{Result: result, Error: coded})
	}
	if err := json.NewEncoder(os.Stdout).Encode(outcomes); err != nil {
		panic(err)
	}
}
