"""Every family: its title, its shape, the words people search by, and its symbols.

Which schedules belong to a family stands in their own classes (lrlab/schedules/likeness.py).
"""

from __future__ import annotations

from lrlab.families.base import Family

_FLAT = tuple(0.9**i for i in range(10)) + (0.3,) * 20
"""A metric that gets better ten times and then stops."""


FAMILIES: tuple[Family, ...] = (
    Family(
        "Constant",
        "Level from the first step to the last.",
        "fixed, flat, 常数, 恒定, 固定学习率",
        symbols={"peak": 0.1, "T": 40},
        for_ever=True,
    ),
    Family(
        "Step decay",
        "A staircase downwards with steps of equal length.",
        "step, staircase, drop, 阶梯衰减, 等间隔衰减, 步长衰减",
        symbols={"peak": 0.1, "factor": 0.3, "every": 10, "T": 40, "batch": 32},
        for_ever=True,
    ),
    Family(
        "Milestones",
        "A staircase with steps at ticks of your choice; here two of them.",
        "multistep, multi-step, piecewise constant, boundaries, manual, 分段常数, 多阶段衰减, 里程碑",
        symbols={"peak": 0.1, "factor": 0.2, "first": 12, "second": 25, "T": 40},
        for_ever=True,
    ),
    Family(
        "Exponential decay",
        "Falls by the same share in every tick, and never reaches 0.",
        "exponential, geometric, natural exp, 指数衰减, 自然指数衰减",
        symbols={"peak": 0.1, "factor": 0.5, "every": 10, "T": 40, "batch": 32},
        for_ever=True,
    ),
    Family(
        "Inverse time",
        "Falls as 1 / (1 + rate * t): fast at first, then ever more slowly.",
        "1/t, hyperbolic, inverse decay, 反时限衰减, 逆时衰减, 倒数衰减",
        symbols={"peak": 0.1, "rate": 0.5, "every": 4, "T": 40, "batch": 32},
        for_ever=True,
    ),
    Family(
        "Linear and polynomial decay",
        "Falls from the peak to a floor as a power of the share that is left; with power 1 in a straight line.",
        "poly, polynomial, linear decay, 多项式衰减, 线性衰减",
        symbols={"peak": 0.1, "floor": 0.002, "power": 2, "T": 40, "batch": 32},
    ),
    Family(
        "Cosine",
        "Half a cosine from the peak to a floor.",
        "cosine annealing, cosine decay, 余弦退火, 余弦衰减",
        symbols={"peak": 0.1, "floor": 0.001, "T": 40},
    ),
    Family(
        "Cosine behind a warmup",
        "Rises in a straight line, then falls as half a cosine to a floor.",
        "warmup cosine, linear warmup cosine annealing, 预热, 余弦预热, 带预热的余弦退火",
        symbols={"start": 0.002, "peak": 0.1, "floor": 0.001, "warmup": 8, "T": 40},
        last="warmup + T",
    ),
    Family(
        "Cosine with restarts",
        "Cosines one after another, each back at the peak, each as long as the one before or longer.",
        "sgdr, warm restarts, hard restarts, snapshot ensembles, 热重启, 余弦退火重启, 周期重启",
        symbols={"peak": 0.1, "floor": 0.001, "length": 10, "mult": 2, "cycles": 3},
        last="length * (1 + mult + mult ** 2) - 1",
    ),
    Family(
        "One cycle",
        "Up to a high peak and down again to almost nothing, once.",
        "1cycle, one-cycle, onecycle, super-convergence, superconvergence, 单周期, 超收敛",
        symbols={"peak": 0.1, "total": 50, "rise": 15, "divide": 25, "final": 1000},
        last="total - 1",
    ),
    Family(
        "Cyclic",
        "A triangle wave between two rates.",
        "clr, triangular, triangular2, exp_range, cyclical, 循环学习率, 三角循环, 周期性",
        symbols={"floor": 0.001, "peak": 0.1, "up": 10, "down": 15},
        last="2 * (up + down)",
        for_ever=True,
    ),
    Family(
        "Warmup, then level",
        "A straight line upwards, then level.",
        "warm-up, linear warmup, ramp, constant with warmup, 预热, 线性预热, 热身",
        symbols={"start": 0.002, "peak": 0.1, "warmup": 8},
        last="3 * warmup",
        for_ever=True,
    ),
    Family(
        "Linear warmup, linear decay",
        "A straight line upwards, then one downwards to 0.",
        "slanted triangular, bert, triangle, 线性预热衰减, 先升后降",
        symbols={"peak": 0.1, "warmup": 8, "T": 40},
        last="warmup + T",
    ),
    Family(
        "Inverse square root",
        "Rises in a straight line, then falls as 1 / sqrt(t), for ever.",
        "noam, transformer, attention is all you need, rsqrt, 平方根倒数, 逆平方根",
        symbols={"peak": 0.1, "warmup": 8, "T": 80},
        for_ever=True,
    ),
    Family(
        "Warmup, stable, decay",
        "Rises, stays level for most of the run, and falls at its end.",
        "wsd, trapezoidal, cooldown, minicpm, 稳定衰减, 梯形",
        symbols={"peak": 0.1, "floor": 0.001, "warmup": 8, "stable": 40, "decay": 12},
        last="warmup + stable + decay",
    ),
    Family(
        "Plateau",
        "Level, and lowered whenever a metric stops getting better.",
        "reduce on plateau, adaptive, metric, validation loss, 自适应, 平台, 指标驱动, 按验证指标衰减",
        symbols={"peak": 0.1, "factor": 0.2, "patience": 3},
        last="30",
        metrics=_FLAT,
        for_ever=True,
    ),
    Family(
        "A function of your own",
        "Whatever a function of the tick says.",
        "lambda, custom, user function, 自定义函数",
        symbols={"peak": 0.1, "T": 40},
        for_ever=True,
    ),
    Family(
        "A product of factors",
        "Multiplied at every tick by what a function says, so that the factors accumulate.",
        "multiplicative, cumulative, 乘法衰减, 累乘",
        symbols={"peak": 0.1, "T": 40},
        for_ever=True,
    ),
    Family(
        "Made of other schedules",
        "One schedule after another, or several multiplied.",
        "sequence, chain, join, compose, combine, warmup wrapper, 组合, 串联, 预热",
        symbols={"start": 0.002, "peak": 0.1, "floor": 0.001, "warmup": 8, "T": 40},
        last="warmup + T",
    ),
    Family(
        "Range test",
        "A straight line or a staircase upwards, to see where training breaks.",
        "lr finder, lr range test, 学习率范围测试, 学习率查找",
    ),
    Family(
        "Tanh",
        "An S from the peak to a floor.",
        "hyperbolic tangent, sigmoid, s-curve, 双曲正切",
    ),
    Family(
        "Through given points",
        "Lines or cosines from one given point to the next.",
        "interpolate, piecewise linear, 分段插值, 分段线性",
    ),
)
"""Every family, in the order in which pages show them."""
