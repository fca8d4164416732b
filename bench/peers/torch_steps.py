"""PyTorch's side of `npm run bench -- train` and `-- infer`: the networks of networks.py, stepped on request so that both sides take turns on the same machine.

    python bench/peers/torch_steps.py train|infer NETWORK LENGTH CLASSES EMBEDDING PATCH BATCH THREADS [DEVICE]

DEVICE is PyTorch's: `cpu`, or `cuda` on an NVIDIA card, where a step takes its batch from the computer's memory and is over when the card is done.
Answers each line of stdin with one line of JSON:

    load FILE    takes weights from a file of float32 in Pulseprint's order (the classes' directions last)
    check        loss and gradient norm of one batch, nothing dropped, without a step
    step N       runs N steps: milliseconds on the clock and of the processor, each
    memory       peak resident bytes
"""

import json
import resource
import sys
import time
from array import array

try:
    import torch
except ImportError:
    print(json.dumps({"missing": "torch"}), flush=True)
    sys.exit(0)

from torch import nn
from torch.nn import functional as F

from networks import Deit1d, ResNet1d, load_weights, pattern

RESNETS = {"resnet34": [3, 4, 6, 3], "resnet18": [2, 2, 2, 2]}
# width, depth, heads, drop-path (presets.ts)
DEITS = {"deit-tiny": (192, 12, 3, 0.1), "deit-mini": (96, 6, 3, 0.0), "deit-micro": (64, 3, 4, 0.0)}
SCALE, MARGIN = 30.0, 0.3


def network_of(name, length, embedding, patch):
    if name in DEITS:
        width, depth, heads, drop_path = DEITS[name]
        return Deit1d(width, depth, heads, patch, embedding, length, drop_path=drop_path)
    family, width = name.split("-w")
    return ResNet1d(RESNETS[family], int(width), embedding)


class Trained(nn.Module):
    """The network under ArcFace's loss (Deng et al. 2019, eq. 3)."""

    def __init__(self, network, classes, embedding):
        super().__init__()
        self.network = network
        self.centres = nn.Parameter(torch.randn(classes, embedding))

    def forward(self, x, labels):
        cosines = F.linear(F.normalize(self.network(x)[-1], dim=1), F.normalize(self.centres, dim=1))
        own = cosines.gather(1, labels[:, None])
        moved = own * torch.cos(MARGIN) - torch.sqrt((1 - own * own).clamp_min(1e-6)) * torch.sin(MARGIN)
        moved = torch.where(own > -torch.cos(MARGIN), moved, own - MARGIN * torch.sin(MARGIN))
        return F.cross_entropy(SCALE * cosines.scatter(1, labels[:, None], moved), labels)


def timed(count, work, device):
    walls, cpus = [], []
    for _ in range(count):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        walls.append(1000 * (time.perf_counter() - wall))
        cpus.append(1000 * (time.process_time() - cpu))
    return {"wall": walls, "cpu": cpus}


def main(mode, name, *rest):
    global MARGIN
    length, classes, embedding, patch, batch, threads = map(int, rest[:6])
    device = torch.device(*rest[6:] or ["cpu"])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    MARGIN = torch.tensor(MARGIN)
    network = network_of(name, length, embedding, patch)
    model = Trained(network, classes, embedding).to(device)
    x = pattern(batch * length, 5000).to(torch.float32).reshape(batch, 1, length)
    labels = torch.arange(batch) * 7 % classes
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-4, fused=True)
    model.train(mode == "train")

    def train_step():
        optimizer.zero_grad(set_to_none=True)
        model(x.to(device), labels.to(device)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()

    def infer():
        with torch.inference_mode():
            network(x.to(device))[-1].cpu()

    def check():
        if mode == "infer":
            with torch.inference_mode():
                return {"embedding": network(x.to(device))[-1].flatten().tolist()}
        dropping = [module for module in model.modules() if hasattr(module, "keep")]
        kept = [module.keep for module in dropping]
        for module in dropping:
            module.keep = 1.0
        optimizer.zero_grad(set_to_none=True)
        loss = model(x.to(device), labels.to(device))
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        for module, keep in zip(dropping, kept):
            module.keep = keep
        return {"loss": loss.item(), "norm": norm.item()}

    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        command, *rest = line.split(maxsplit=1)
        if command == "load":
            values = array("f")
            with open(rest[0].strip(), "rb") as file:
                values.frombytes(file.read())
            flat = torch.tensor(values)
            size = sum(parameter.numel() for parameter in network.parameters())
            load_weights(network, flat[:size])
            if len(flat) > size:
                with torch.no_grad():
                    model.centres.copy_(flat[size:].reshape(classes, embedding))
            answer = {"weights": len(flat)}
        elif command == "check":
            answer = check()
        elif command == "step":
            answer = timed(int(rest[0]), train_step if mode == "train" else infer, device)
        else:
            answer = {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
