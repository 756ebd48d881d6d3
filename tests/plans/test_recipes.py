"""The published recipes are documents, and their curves are what was published."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

import numpy as np
import oracle
import pytest

from lrlab import engine
from lrlab.document import parse
from lrlab.plans.recipes import Recipe, recipes

ENTRIES = json.loads((oracle.ROOT / "lrlab" / "plans" / "recipes.json").read_text())


def rates(recipe: Recipe, steps: list[int] | np.ndarray) -> np.ndarray:
    """The rates of the first parameter group."""
    run = recipe.experiment.run
    return np.atleast_2d(engine.lr(run, recipe.experiment.trials[0], steps))[0]


def test_there_are_forty_with_a_name_each() -> None:
    names = [recipe.name for recipe in recipes()]
    assert len(names) >= 40
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.name)
def test_every_recipe_says_where_it_is_published(recipe: Recipe) -> None:
    assert re.search(r"https://\S+\.\S+/\S+", recipe.source)


@pytest.mark.parametrize(
    ("entry", "recipe"), list(zip(ENTRIES, recipes(), strict=True)), ids=lambda x: getattr(x, "name", "")
)
def test_every_document_is_its_own_dump(entry: dict[str, object], recipe: Recipe) -> None:
    assert recipe.experiment.document() == entry["experiment"]
    assert parse(json.loads(recipe.experiment.dumps())) == recipe.experiment
    assert len(recipe.experiment.trials) == 1


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.name)
def test_every_step_has_a_rate(recipe: Recipe) -> None:
    """Finite, or the engine refuses it; and never negative."""
    assert all(np.all(lr >= 0) for _, lr in engine.chunks(recipe.experiment.run, recipe.experiment.trials[0]))


@dataclass(frozen=True)
class Published:
    """What the source itself says: optimizer steps, the highest and the last rate, and the rate at some steps."""

    steps: int
    peak: float
    last: float
    at: dict[int, float] = field(default_factory=dict)


PUBLISHED = {
    # 1,281,167 images, batch 256: 5,005 steps an epoch; a tenth every 30 epochs
    "ResNet-50 on ImageNet, 90 epochs": Published(
        90 * 5005, 0.1, 0.001, {30 * 5005 - 1: 0.1, 30 * 5005: 0.01, 60 * 5005: 0.001}
    ),
    # kn = 8192: from 0.1 to 0.1 * 8192 / 256 in 5 epochs; a tenth at the 30th, 60th and 80th epoch
    "ResNet-50 on ImageNet, batch 8,192 (one hour)": Published(
        90 * 157,
        3.2,
        0.0032,
        {0: 0.1, 5 * 157: 3.2, 30 * 157 - 1: 3.2, 30 * 157: 0.32, 60 * 157: 0.032, 80 * 157: 0.0032},
    ),
    # --epochs 600 --lr 0.5 --lr-warmup-epochs 5 --lr-warmup-decay 0.01
    "ResNet-50 on ImageNet, 600 epochs (torchvision's new recipe)": Published(
        600 * 1251, 0.5, 0.0, {0: 0.005, 5 * 1251: 0.5}
    ),
    # --train_steps 218949 (350 epochs at 2048), base 0.016, decay 0.97 every 2.4 epochs, warmup of 5
    "EfficientNet-B0 on ImageNet, 350 epochs": Published(
        218949, 0.128, 0.128 * 0.97**145, {0: 0.0, 1564: 0.064, 15014: 0.128 * 0.97**10}
    ),
    # lr 5e-4 * 1024 / 512, --warmup-lr 1e-6, --min-lr 1e-5
    "DeiT-B on ImageNet, 300 epochs": Published(300 * 1251, 0.001, 1e-5, {0: 1e-6}),
    "Swin-T on ImageNet, 300 epochs": Published(
        300 * 1251, 0.001, 1e-5, {0: 1e-6, 10 * 1251: 5.005e-4, 20 * 1251: 0.001}
    ),
    "ConvNeXt-T on ImageNet, 300 epochs": Published(300 * 312, 0.004, 1e-6, {0: 0.0, 10 * 312: 0.002, 20 * 312: 0.004}),
    "ResNet-50 on ImageNet, 100 epochs (Flax)": Published(100 * 10009, 0.05, 0.0, {0: 0.0, 5 * 10009: 0.05}),
    # supports [500, 3000, 6000, 9000, 10000], base 0.003, a tenth behind each
    "BiT fine-tuned on CIFAR-10": Published(
        10000, 0.003, 3e-6, {250: 0.0015, 500: 0.003, 3000: 0.003, 3001: 3e-4, 6001: 3e-5, 9001: 3e-6}
    ),
    # restarts at epochs 10, 30 and 70 of 150; half way down after 5 epochs
    "WRN-28-10 on CIFAR, SGDR with T_0 = 10, T_mult = 2": Published(
        150 * 391, 0.05, 0.0, {0: 0.05, 5 * 391: 0.025, 10 * 391: 0.05, 30 * 391: 0.05, 50 * 391: 0.025, 70 * 391: 0.05}
    ),
    "WRN-28-10 on CIFAR, SGDR with T_0 = 50": Published(
        200 * 391, 0.05, 0.0, {epoch * 391: 0.05 for epoch in (0, 50, 100, 150)}
    ),
    # 0.1, times 0.2 at epochs 60, 120 and 160
    "WRN-28-10 on CIFAR, step decay": Published(
        200 * 391, 0.1, 0.0008, {60 * 391 - 1: 0.1, 60 * 391: 0.02, 120 * 391: 0.004, 160 * 391: 0.0008}
    ),
    "ResNet-18 on CIFAR-10 (pytorch-cifar)": Published(200 * 391, 0.1, 0.0, {100 * 391: 0.05}),
    # 0.1, divided by 10 at 32k and 48k, terminated at 64k iterations
    "ResNet-56 on CIFAR-10, 64,000 iterations": Published(64000, 0.1, 0.001, {31999: 0.1, 32000: 0.01, 48000: 0.001}),
    # base_lr 0.1, max_lr 3, stepsize 5000, max_iter 10000
    "ResNet-56 on CIFAR-10, super-convergence": Published(10000, 3.0, 0.1, {0: 0.1, 2500: 1.55, 5000: 3.0, 7500: 1.55}),
    # PiecewiseLinear([0, 5, 24], [0, 0.4, 0]), 97 batches an epoch
    "ResNet-9 on CIFAR-10 in 24 epochs (DAWNBench)": Published(24 * 97, 0.4, 0.0, {0: 0.0, 5 * 97: 0.4}),
    # blr 1.5e-4 * 4096 / 256; 40 of 800 epochs
    "MAE ViT-L pre-training, 800 epochs": Published(
        800 * 312, 0.0024, 0.0, {20 * 312: 0.0012, 40 * 312: 0.0024, 420 * 312: 0.0012}
    ),
    "DINO ViT-S/16, 100 epochs": Published(100 * 2502, 0.001, 1e-6, {5 * 2502: 5e-4, 10 * 2502: 0.001}),
    # 0.3 * 4096 / 256; 0.2 * 4096 / 256
    "SimCLR ResNet-50, 100 epochs, batch 4,096": Published(1281167 * 100 // 4096 + 1, 4.8, 0.0, {0: 0.0}),
    "BYOL ResNet-50, 1,000 epochs": Published(1281167 * 1000 // 4096, 3.2, 0.0, {0: 0.0}),
    # STEPS (60000, 80000), MAX_ITER 90000; (210000, 250000), 270000; warmup of 1000 from a thousandth of 0.02
    "Mask R-CNN R50-FPN, 1x (Detectron2)": Published(
        90000, 0.02, 2e-4, {0: 2e-5, 1000: 0.02, 59999: 0.02, 60000: 0.002, 80000: 2e-4}
    ),
    "Mask R-CNN R50-FPN, 3x (Detectron2)": Published(
        270000, 0.02, 2e-4, {0: 2e-5, 1000: 0.02, 209999: 0.02, 210000: 0.002, 250000: 2e-4}
    ),
    # base_lr 0.01, start_factor 0.1 for 1000 steps, a tenth at epochs 8 and 11 of 12
    "Faster R-CNN R50-FPN, 1x (PaddleDetection)": Published(
        12 * 14658, 0.01, 1e-4, {0: 0.001, 1000: 0.01, 8 * 14658 - 1: 0.01, 8 * 14658: 0.001, 11 * 14658: 1e-4}
    ),
    "YOLOv3 on COCO (Darknet)": Published(
        500200, 0.001, 1e-5, {500: 0.001 / 16, 1000: 0.001, 399999: 0.001, 400000: 1e-4, 450000: 1e-5}
    ),
    # (1 - epoch / 1000) ** 0.9, 250 steps an epoch
    "nnU-Net, 1,000 epochs": Published(250_000, 0.01, 0.01 * 0.001**0.9, {249: 0.01, 500 * 250: 0.01 * 0.5**0.9}),
    # lr 1e-4 for the transformer, lr_drop 200 of 300 epochs
    "DETR R50 on COCO, 300 epochs": Published(300 * 7393, 1e-4, 1e-5, {200 * 7393 - 1: 1e-4, 200 * 7393: 1e-5}),
    # 1e-4 after 10,000 steps, linear decay over 1,000,000
    "BERT pre-training, 1M steps": Published(1_000_000, 1e-4, 0.0, {5000: 5e-5, 10_000: 1e-4, 505_000: 5e-5}),
    "RoBERTa-large pre-training, 500k steps": Published(
        500_000, 4e-4, 0.0, {15_000: 2e-4, 30_000: 4e-4, 265_000: 2e-4}
    ),
    # 1 / sqrt(max(n, 10^4)) for 2^19 steps
    "T5 pre-training, 2^19 steps": Published(
        2**19, 0.01, 2**-9.5, {0: 0.01, 10_000: 0.01, 40_000: 0.005, 250_000: 0.002}
    ),
    # warmup_iters 2000, lr_decay_iters 600000, learning_rate 6e-4, min_lr 6e-5; the warmup is (it + 1) / (warmup_iters
    # + 1)
    "GPT-2 124M (nanoGPT)": Published(
        600_000, 6e-4, 6e-5, {0: 6e-4 / 2001, 1999: 6e-4 * 2000 / 2001, 2000: 6e-4, 301_000: 3.3e-4}
    ),
    "GPT-2 124M on 10B tokens (build-nanogpt)": Published(
        19073, 6e-4, 6e-5, {0: 6e-4 / 715, 714: 6e-4, 715: 6e-4, 715 + 9179: 3.3e-4}
    ),
    "GPT-2 124M on 10B tokens (llm.c)": Published(18865, 6e-4, 0.0, {0: 6e-4 / 700, 699: 6e-4}),
    # 300e9 / 3.2e6 steps, a tenth from 260e9 tokens on
    "GPT-3 175B, 300B tokens": Published(93750, 6e-5, 6e-6, {0: 0.0, 81250: 6e-6}),
    # warmup_steps 3000, anneal_steps 300000 behind them, lr 1.2e-4, end_lr 1.2e-5, total_steps 350000
    "GPT-J 6B": Published(350_000, 1.2e-4, 1.2e-5, {1500: 6e-5, 3000: 1.2e-4, 153_000: 6.6e-5, 303_000: 1.2e-5}),
    # train-iters 143000, warmup 0.01, lr 0.0006, min_lr 0.00006
    "Pythia 160M": Published(143_000, 6e-4, 6e-5, {715: 3e-4, 1430: 6e-4}),
    "LLaMA 7B, 1T tokens": Published(250_000, 3e-4, 3e-5, {1000: 1.5e-4, 2000: 3e-4}),
    "Llama 3 405B": Published(1_200_000, 8e-5, 8e-7, {4000: 4e-5, 8000: 8e-5}),
    # max_duration 739_328, t_warmup 2000 (from a tenth), alpha_f 0.1
    "OLMo 1B, 3.1T tokens": Published(739_328, 4e-4, 4e-5, {0: 4e-5, 1000: 2.2e-4, 2000: 4e-4}),
    # lr_decay_starting_step 500000, lr_decay_steps 100000, 1-sqrt
    "SmolLM 135M, warmup-stable-decay": Published(
        600_000, 0.003, 0.0, {2500: 0.0015, 5000: 0.003, 499_999: 0.003, 525_000: 0.0015}
    ),
    # 31.6 % at 1.6T and 10 % at 1.8T tokens, of 2304 * 4096 a step
    "DeepSeek LLM 7B, 2T tokens": Published(
        211_928,
        4.2e-4,
        4.2e-5,
        {2000: 4.2e-4, 169_541: 4.2e-4, 169_543: 0.316 * 4.2e-4, 190_733: 0.316 * 4.2e-4, 190_736: 4.2e-5},
    ),
    # constant until 10T tokens, 2.2e-5 at 14.3T, 7.3e-6 from 14.633T to 14.8T, of 15360 * 4096 a step
    "DeepSeek-V3, 14.8T tokens": Published(
        235_240, 2.2e-4, 7.3e-6, {2000: 2.2e-4, 158_945: 2.2e-4, 227_294: 2.2e-5, 232_584: 2.2e-5, 232_586: 7.3e-6}
    ),
    # the rate of eq. 3 with a d_model of 512 and a warmup of 4,000
    "Transformer base, 100k steps": Published(
        100_000, 2_048_000**-0.5, 51_200_000**-0.5, {2000: 2_048_000**-0.5 / 2, 16_000: 2_048_000**-0.5 / 2}
    ),
    # 3668 pairs: int(3668 / 32 * 3) steps, a tenth of them warmup
    "BERT fine-tuned on MRPC (GLUE)": Published(343, 2e-5, 2e-5 / 309, {0: 0.0, 17: 1e-5, 34: 2e-5}),
    "RoBERTa fine-tuned on MRPC (GLUE)": Published(2296, 1e-5, 0.0, {0: 0.0, 137: 1e-5}),
    "BERT on MRPC (Hugging Face course)": Published(1377, 5e-5, 0.0, {0: 5e-5}),
    # tri_stage 0.1, 0.4, 0.5 of 80000 updates, from a hundredth of 3e-5 to a twentieth
    "wav2vec 2.0 Base fine-tuned on 100 hours": Published(
        80_000, 3e-5, 1.5e-6, {0: 3e-7, 8000: 3e-5, 39_999: 3e-5, 60_000: 3e-5 * 0.05**0.5}
    ),
    "Whisper large pre-training": Published(2**20, 1.75e-4, 0.0, {1024: 0.875e-4, 2048: 1.75e-4}),
    # 12,950 clips, batch 16, 3100 epochs of 0.999
    "HiFi-GAN V1 on LJSpeech": Published(3100 * 809, 2e-4, 2e-4 * 0.999**3099, {809: 2e-4 * 0.999}),
    # 100 epochs at 2e-4, 100 in a straight line towards 0
    "CycleGAN, horse2zebra, 200 epochs": Published(
        200 * 1334, 2e-4, 2e-4 / 101, {100 * 1334 - 1: 2e-4, 150 * 1334: 2e-4 * 50 / 101}
    ),
    # 0.2, dropped to a tenth after 100,000, 300,000 and 500,000 steps
    "AlphaZero (chess), 700k steps": Published(
        700_000, 0.2, 2e-4, {99_999: 0.2, 100_001: 0.02, 300_001: 0.002, 500_001: 2e-4}
    ),
}


@pytest.mark.parametrize(("name", "published"), PUBLISHED.items(), ids=lambda x: x if isinstance(x, str) else "")
def test_the_published_numbers_hold(name: str, published: Published) -> None:
    """To a thousandth: of each rate, and for the last step, which comes a tick before the end, of the peak."""
    recipe = next(recipe for recipe in recipes() if recipe.name == name)
    assert recipe.experiment.run.steps == published.steps
    lr = rates(recipe, np.arange(published.steps))
    assert lr.max() == pytest.approx(published.peak, rel=1e-3)
    assert lr[-1] == pytest.approx(published.last, rel=1e-3, abs=1e-3 * published.peak)
    for step, rate in published.at.items():
        assert lr[step] == pytest.approx(rate, rel=1e-3, abs=1e-15), f"{name} at step {step:,}"
