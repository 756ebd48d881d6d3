"""Every family. Each kind is at home in exactly one; what is claimed here is measured by tests/test_families.py."""

from __future__ import annotations

from lrlab.families.base import Family, Member

_LATE = "The first two ticks both use the low rate, so it runs one tick late."
_SAMPLES = "Counts samples, not batches, and counts a batch before its rate is computed."
_CLIMBS = "Past the end it climbs again."
_HOLDS = "Past the end it stays at the floor."
_OWN = "The rate is its own argument; the optimizer's is not used."

_WARM_COSINE = {"num_warmup_steps": "warmup", "num_training_steps": "warmup + T"}
_V1 = {"learning_rate": "peak", "batch_size": "batch"}
_FLAT = tuple(0.9**i for i in range(10)) + (0.3,) * 20


FAMILIES: tuple[Family, ...] = (
    Family(
        "Constant",
        "Level from the first step to the last.",
        "fixed, flat, 常数, 恒定, 固定学习率",
        symbols={"peak": 0.1, "T": 40},
        for_ever=True,
        members=(
            Member("transformers.get_constant_schedule", {}),
            Member("pytorch_transformers.ConstantLRSchedule", {}),
            Member("optax.constant_schedule", {"value": "peak"}, _OWN),
            Member("paddle_v1.constant", {"learning_rate": "peak"}, "a and b are ignored."),
            Member(
                "torch.ConstantLR",
                {"factor": 1},
                "With a factor below 1 it begins that much lower, and jumps up to the base LR at total_iters.",
            ),
        ),
    ),
    Family(
        "Step decay",
        "A staircase downwards with steps of equal length.",
        "step, staircase, drop, 阶梯衰减, 等间隔衰减, 步长衰减",
        symbols={"peak": 0.1, "factor": 0.3, "every": 10, "T": 40, "batch": 32},
        for_ever=True,
        members=(
            Member("torch.StepLR", {"step_size": "every", "gamma": "factor"}),
            Member(
                "paddle.StepDecay",
                {"learning_rate": "peak", "step_size": "every", "gamma": "factor"},
                "gamma must be below 1.",
            ),
            Member(
                "timm.StepLRScheduler",
                {"decay_t": "every", "decay_rate": "factor"},
                "Has a warmup of its own; the default decay_rate is 1: no decay.",
            ),
            Member(
                "paddle_v1.discexp",
                {**_V1, "learning_rate_decay_a": "factor", "learning_rate_decay_b": "every * batch"},
                _SAMPLES,
                first="1",
                shift=-1,
            ),
        ),
        also=(
            Member(
                "keras.ExponentialDecay",
                {"initial_learning_rate": "peak", "decay_steps": "every", "decay_rate": "factor", "staircase": True},
                "The staircase of a schedule that else falls smoothly.",
            ),
            Member(
                "optax.exponential_decay",
                {"init_value": "peak", "transition_steps": "every", "decay_rate": "factor", "staircase": True},
                "The staircase of a schedule that else falls smoothly.",
            ),
        ),
    ),
    Family(
        "Milestones",
        "A staircase with steps at ticks of your choice; here two of them.",
        "multistep, multi-step, piecewise constant, boundaries, manual, 分段常数, 多阶段衰减, 里程碑",
        symbols={"peak": 0.1, "factor": 0.2, "first": 12, "second": 25, "T": 40},
        for_ever=True,
        members=(
            Member("torch.MultiStepLR", {"milestones": ["first", "second"], "gamma": "factor"}),
            Member(
                "paddle.MultiStepDecay",
                {"learning_rate": "peak", "milestones": ["first", "second"], "gamma": "factor"},
                "Milestones must rise.",
            ),
            Member(
                "paddle.PiecewiseDecay",
                {"boundaries": ["first", "second"], "values": ["peak", "peak * factor", "peak * factor ** 2"]},
                "Levels are rates, not factors.",
            ),
            Member(
                "keras.PiecewiseConstantDecay",
                {"boundaries": ["first - 1", "second - 1"], "values": ["peak", "peak * factor", "peak * factor ** 2"]},
                "A border belongs to the level before it: the same number changes the rate one tick later than in torch.",
            ),
            Member(
                "optax.piecewise_constant_schedule",
                {"init_value": "peak", "boundaries_and_scales": (("first", "factor"), ("second", "factor"))},
                "Each border has a factor of its own.",
            ),
            Member(
                "timm.MultiStepLRScheduler",
                {"decay_t": ["first + 1", "second + 1"], "decay_rate": "factor"},
                "The same number changes the rate one tick earlier than in torch; the list must be sorted; the default decay_rate is 1.",
            ),
            Member(
                "paddle_v1.manual",
                None,
                "Levels are factors, as text, of samples seen; a border belongs to the level before it.",
            ),
            Member("paddle_v1.pass_manual", None, "Levels are factors, as text, of passes over the data."),
            Member(
                "paddlevideo.CustomPiecewiseDecay",
                {
                    "boundaries": ["first", "second"],
                    "values": ["peak", "peak * factor", "peak * factor ** 2"],
                    "num_iters": 1,
                },
                "Counts epochs in parts of 1 / num_iters, whose rounding can make a border come one iteration late.",
            ),
            Member(
                "paddlevideo.CustomWarmupPiecewiseDecay", None, "Behind a warmup; levels are those of the last step."
            ),
            Member("paddlevideo.CustomWarmupAdjustDecay", None, "Behind a warmup that overshoots the base rate."),
        ),
    ),
    Family(
        "Exponential decay",
        "Falls by the same share in every tick, and never reaches 0.",
        "exponential, geometric, natural exp, 指数衰减, 自然指数衰减",
        symbols={"peak": 0.1, "factor": 0.5, "every": 10, "T": 40, "batch": 32},
        for_ever=True,
        members=(
            Member(
                "optax.exponential_decay",
                {"init_value": "peak", "transition_steps": "every", "decay_rate": "factor"},
                "Can hold at an end_value.",
            ),
            Member(
                "keras.ExponentialDecay",
                {"initial_learning_rate": "peak", "decay_steps": "every", "decay_rate": "factor"},
            ),
            Member("torch.ExponentialLR", {"gamma": "factor ** (1 / every)"}, "gamma is the factor of one tick."),
            Member(
                "paddle.ExponentialDecay",
                {"learning_rate": "peak", "gamma": "factor ** (1 / every)"},
                "gamma is the factor of one tick, below 1.",
            ),
            Member(
                "paddle.NaturalExpDecay",
                {"learning_rate": "peak", "gamma": "-log(factor) / every"},
                "Falls as exp(-gamma * t).",
            ),
            Member(
                "optax.warmup_exponential_decay_schedule",
                {
                    "init_value": 0,
                    "peak_value": "peak",
                    "warmup_steps": 0,
                    "transition_steps": "every",
                    "decay_rate": "factor",
                },
                "Begins with a straight warmup; the decay counts from its end.",
            ),
            Member(
                "paddle_v1.exp",
                {**_V1, "learning_rate_decay_a": "factor", "learning_rate_decay_b": "every * batch"},
                _SAMPLES,
                first="1",
                shift=-1,
            ),
        ),
    ),
    Family(
        "Inverse time",
        "Falls as 1 / (1 + rate * t): fast at first, then ever more slowly.",
        "1/t, hyperbolic, inverse decay, 反时限衰减, 逆时衰减, 倒数衰减",
        symbols={"peak": 0.1, "rate": 0.5, "every": 4, "T": 40, "batch": 32},
        for_ever=True,
        members=(
            Member(
                "keras.InverseTimeDecay",
                {"initial_learning_rate": "peak", "decay_steps": "every", "decay_rate": "rate"},
            ),
            Member(
                "paddle.InverseTimeDecay",
                {"learning_rate": "peak", "gamma": "rate / every"},
                "gamma is the rate of one tick.",
            ),
            Member(
                "paddle_v1.poly",
                {**_V1, "learning_rate_decay_a": "rate / (every * batch)", "learning_rate_decay_b": 1},
                f"The power b of it. {_SAMPLES}",
                first="1",
                shift=-1,
            ),
        ),
    ),
    Family(
        "Linear and polynomial decay",
        "Falls from the peak to a floor as a power of the share that is left; with power 1 in a straight line.",
        "poly, polynomial, linear decay, 多项式衰减, 线性衰减",
        symbols={"peak": 0.1, "floor": 0.002, "power": 2, "T": 40, "batch": 32},
        members=(
            Member(
                "optax.polynomial_schedule",
                {"init_value": "peak", "end_value": "floor", "power": "power", "transition_steps": "T"},
            ),
            Member(
                "keras.PolynomialDecay",
                {"initial_learning_rate": "peak", "decay_steps": "T", "end_learning_rate": "floor", "power": "power"},
                "The default floor is 0.0001; cycle=True restarts, lower each time.",
            ),
            Member(
                "paddle.PolynomialDecay",
                {"learning_rate": "peak", "decay_steps": "T", "end_lr": "floor", "power": "power"},
                "The default floor is 0.0001; cycle=True restarts, lower each time.",
            ),
            Member("torch.PolynomialLR", {"total_iters": "T", "power": "power"}, "Ends at 0.", given={"floor": 0}),
            Member(
                "timm.PolyLRScheduler",
                {"t_initial": "T", "lr_min": "floor", "power": "power"},
                "The default power is 0.5; has a warmup of its own.",
            ),
            Member(
                "transformers.get_polynomial_decay_schedule_with_warmup",
                {"num_warmup_steps": 0, "num_training_steps": "T", "lr_end": "floor", "power": "power"},
                "The horizon includes the warmup; lr_end is a rate for the first parameter group only.",
            ),
            Member(
                "paddle_v1.linear",
                {**_V1, "learning_rate_decay_a": "(peak - floor) / (T * batch)", "learning_rate_decay_b": "floor"},
                f"a is the slope. {_SAMPLES}",
                given={"power": 1},
                first="1",
                shift=-1,
            ),
            Member(
                "paddle_v1.caffe_poly",
                {**_V1, "learning_rate_decay_a": "T * batch", "learning_rate_decay_b": "power"},
                _SAMPLES,
                given={"floor": 0},
                first="1",
                shift=-1,
            ),
        ),
        also=(
            Member(
                "torch.LinearLR",
                {"start_factor": 1, "end_factor": "floor / peak", "total_iters": "T"},
                "A straight line.",
                given={"power": 1},
            ),
            Member(
                "optax.linear_schedule",
                {"init_value": "peak", "end_value": "floor", "transition_steps": "T"},
                "A straight line.",
                given={"power": 1},
            ),
            Member(
                "paddle.LinearLR",
                {"learning_rate": "peak", "total_steps": "T", "start_factor": 1, "end_factor": "floor / peak"},
                "A straight line.",
                given={"power": 1},
            ),
        ),
    ),
    Family(
        "Cosine",
        "Half a cosine from the peak to a floor.",
        "cosine annealing, cosine decay, 余弦退火, 余弦衰减",
        symbols={"peak": 0.1, "floor": 0.001, "T": 40},
        members=(
            Member("torch.CosineAnnealingLR", {"T_max": "T", "eta_min": "floor"}, _CLIMBS),
            Member("paddle.CosineAnnealingDecay", {"learning_rate": "peak", "T_max": "T", "eta_min": "floor"}, _CLIMBS),
            Member(
                "keras.CosineDecay",
                {"initial_learning_rate": "peak", "decay_steps": "T", "alpha": "floor / peak"},
                f"The floor is a share. {_HOLDS} A warmup comes on top of decay_steps, and is ignored without warmup_target.",
            ),
            Member(
                "optax.cosine_decay_schedule",
                {"init_value": "peak", "decay_steps": "T", "alpha": "floor / peak"},
                f"The floor is a share. {_HOLDS}",
            ),
            Member(
                "timm.CosineLRScheduler",
                {"t_initial": "T", "lr_min": "floor"},
                f"{_HOLDS} Its warmup cuts the start off the cosine unless warmup_prefix is true; can restart (cycle_limit).",
            ),
            Member(
                "torch.SWALR",
                {"swa_lr": "floor", "anneal_epochs": "T"},
                f"{_HOLDS} The floor may be above the base LR.",
            ),
        ),
        also=(
            Member(
                "transformers.get_cosine_schedule_with_warmup",
                {"num_warmup_steps": 0, "num_training_steps": "T"},
                f"Ends at 0. {_CLIMBS}",
                given={"floor": 0},
            ),
            Member(
                "transformers.get_cosine_with_min_lr_schedule_with_warmup",
                {"num_warmup_steps": 0, "num_training_steps": "T", "min_lr": "floor"},
                f"Takes the floor as a rate or as a share. {_CLIMBS}",
            ),
            Member(
                "pytorch_transformers.WarmupCosineSchedule",
                {"warmup_steps": 0, "t_total": "T"},
                f"Ends at 0. {_CLIMBS}",
                given={"floor": 0},
            ),
            Member(
                "cawb.CosineAnnealingWarmbootingLR",
                {"epochs": "T", "eta_min": "floor / peak"},
                "Without steps; the floor is a share.",
            ),
            Member(
                "paddlevideo.CustomWarmupCosineDecay",
                {"warmup_start_lr": 0, "warmup_epochs": 0, "cosine_base_lr": "peak", "max_epoch": "T", "num_iters": 1},
                f"Ends at 0. {_CLIMBS} Counts epochs of num_iters iterations.",
                given={"floor": 0},
            ),
        ),
    ),
    Family(
        "Cosine behind a warmup",
        "Rises in a straight line, then falls as half a cosine to a floor.",
        "warmup cosine, linear warmup cosine annealing, 预热, 余弦预热, 带预热的余弦退火",
        symbols={"start": 0.002, "peak": 0.1, "floor": 0.001, "warmup": 8, "T": 40},
        last="warmup + T",
        members=(
            Member(
                "optax.warmup_cosine_decay_schedule",
                {
                    "init_value": "start",
                    "peak_value": "peak",
                    "warmup_steps": "warmup",
                    "decay_steps": "warmup + T",
                    "end_value": "floor",
                },
                f"decay_steps includes the warmup. {_HOLDS}",
            ),
            Member(
                "transformers.get_cosine_schedule_with_warmup",
                _WARM_COSINE,
                f"The horizon includes the warmup; starts and ends at 0. {_CLIMBS}",
                given={"start": 0, "floor": 0},
            ),
            Member(
                "transformers.get_cosine_with_min_lr_schedule_with_warmup",
                {**_WARM_COSINE, "min_lr": "floor"},
                f"The horizon includes the warmup; starts at 0. {_CLIMBS}",
                given={"start": 0},
            ),
            Member(
                "transformers.get_cosine_with_min_lr_schedule_with_warmup_lr_rate",
                {**_WARM_COSINE, "min_lr": "floor"},
                "One tick early throughout: the first rate is a part of the peak, not 0, and the floor comes one tick before the end.",
                given={"start": 0},
                first="1",
                shift=-1,
            ),
            Member(
                "pytorch_transformers.WarmupCosineSchedule",
                {"warmup_steps": "warmup", "t_total": "warmup + T"},
                f"The horizon includes the warmup; starts and ends at 0. {_CLIMBS}",
                given={"start": 0, "floor": 0},
            ),
            Member(
                "deepspeed.WarmupCosineLR",
                {
                    "total_num_steps": "warmup + T",
                    "warmup_num_steps": "warmup",
                    "cos_min_ratio": "floor / peak",
                    "warmup_type": "'linear'",
                },
                "Equal after the warmup only, which runs one tick late and misses the peak; by default it is a logarithm. The floors are shares.",
                first="warmup + 1",
            ),
            Member(
                "paddlevideo.CustomWarmupCosineDecay",
                None,
                "The cosine runs from the start of training; the warmup meets it on its way, below cosine_base_lr.",
            ),
            Member(
                "paddlevideo.CustomWarmupCosineStepDecay",
                None,
                "The cosine changes once an epoch, and the warmup multiplies it.",
            ),
        ),
        also=(
            Member(
                "keras.CosineDecay",
                {
                    "initial_learning_rate": "start",
                    "decay_steps": "T",
                    "alpha": "floor / peak",
                    "warmup_target": "peak",
                    "warmup_steps": "warmup",
                },
                "decay_steps excludes the warmup; the floor is a share of the target.",
            ),
            Member(
                "timm.CosineLRScheduler",
                {
                    "t_initial": "T",
                    "lr_min": "floor",
                    "warmup_t": "warmup",
                    "warmup_lr_init": "start",
                    "warmup_prefix": True,
                },
                "Only with warmup_prefix does t_initial exclude the warmup.",
            ),
            Member(
                "torch.SequentialLR",
                {
                    "schedulers": [
                        {"kind": "torch.LinearLR", "start_factor": "start / peak", "total_iters": "warmup"},
                        {"kind": "torch.CosineAnnealingLR", "T_max": "T", "eta_min": "floor"},
                    ],
                    "milestones": ["warmup"],
                },
                f"The start must be above 0. {_CLIMBS}",
            ),
        ),
    ),
    Family(
        "Cosine with restarts",
        "Cosines one after another, each back at the peak, each as long as the one before or longer.",
        "sgdr, warm restarts, hard restarts, snapshot ensembles, 热重启, 余弦退火重启, 周期重启",
        symbols={"peak": 0.1, "floor": 0.001, "length": 10, "mult": 2, "cycles": 3},
        last="length * (1 + mult + mult ** 2) - 1",
        members=(
            Member(
                "torch.CosineAnnealingWarmRestarts",
                {"T_0": "length", "T_mult": "mult", "eta_min": "floor"},
                "Restarts for ever.",
            ),
            Member(
                "paddle.CosineAnnealingWarmRestarts",
                {"learning_rate": "peak", "T_0": "length", "T_mult": "mult", "eta_min": "floor"},
                "Restarts for ever.",
            ),
            Member(
                "keras.CosineDecayRestarts",
                {
                    "initial_learning_rate": "peak",
                    "first_decay_steps": "length",
                    "t_mul": "mult",
                    "alpha": "floor / peak",
                },
                "The default t_mul is 2; the floor is a share; m_mul lowers each cycle.",
            ),
            Member(
                "optax.sgdr_schedule",
                {
                    "cosine_kwargs": [
                        {
                            "init_value": "peak",
                            "peak_value": "peak",
                            "warmup_steps": 0,
                            "decay_steps": cycle,
                            "end_value": "floor",
                        }
                        for cycle in ("length", "length * mult", "length * mult ** 2")
                    ]
                },
                "Every cycle has its own length, height and warmup; after the last one it stays.",
            ),
            Member(
                "transformers.get_cosine_with_hard_restarts_schedule_with_warmup",
                {"num_warmup_steps": 0, "num_training_steps": "length * cycles", "num_cycles": "cycles"},
                "Takes the number of cycles, all of one length, and no floor; 0 after the last. The horizon includes a warmup.",
                given={"mult": 1, "floor": 0},
                last="length * cycles - 1",
            ),
            Member(
                "pytorch_transformers.WarmupCosineWithHardRestartsSchedule",
                {"warmup_steps": 0, "t_total": "length * cycles", "cycles": "cycles"},
                "Takes the number of cycles, all of one length, and no floor; 0 after the last. The horizon includes a warmup.",
                given={"mult": 1, "floor": 0},
                last="length * cycles - 1",
            ),
            Member(
                "cawb.CosineAnnealingWarmbootingLR",
                None,
                "Restarts at epochs of your choice, lower each time; a cycle begins one epoch past its peak and, unless last, ends above its floor.",
            ),
        ),
        also=(
            Member(
                "timm.CosineLRScheduler",
                {"t_initial": "length", "lr_min": "floor", "cycle_mul": "mult", "cycle_limit": "cycles"},
                "After cycle_limit cycles it stays at the floor; cycle_decay lowers each cycle.",
            ),
        ),
    ),
    Family(
        "One cycle",
        "Up to a high peak and down again to almost nothing, once.",
        "1cycle, one-cycle, onecycle, super-convergence, superconvergence, 单周期, 超收敛",
        symbols={"peak": 0.1, "total": 50, "rise": 15, "divide": 25, "final": 1000},
        last="total - 1",
        members=(
            Member(
                "torch.OneCycleLR",
                {
                    "max_lr": "peak",
                    "total_steps": "total",
                    "pct_start": "rise / total",
                    "div_factor": "divide",
                    "final_div_factor": "final",
                },
                "The peak is at tick pct_start * total_steps - 1 and the end at total_steps - 1; momentum runs the other way.",
            ),
            Member(
                "paddle.OneCycleLR",
                {
                    "max_learning_rate": "peak",
                    "total_steps": "total",
                    "phase_pct": "rise / total",
                    "divide_factor": "divide",
                    "end_learning_rate": "peak / divide / final",
                },
                "The end is a rate (0.0001 by default), not a share.",
            ),
            Member(
                "optax.cosine_onecycle_schedule",
                {
                    "transition_steps": "total - 1",
                    "peak_value": "peak",
                    "pct_start": "(rise - 1) / (total - 1)",
                    "div_factor": "divide",
                    "final_div_factor": "final",
                },
                "The peak is at tick pct_start * transition_steps and the end at transition_steps: with torch's own numbers it is one tick late.",
            ),
            Member(
                "optax.linear_onecycle_schedule", None, "Straight lines: up, down as slowly, then on down to the end."
            ),
            Member(
                "deepspeed.OneCycle",
                None,
                "A triangle, then level or decaying as 1 / t; see the family of cyclic schedules.",
            ),
        ),
    ),
    Family(
        "Cyclic",
        "A triangle wave between two rates.",
        "clr, triangular, triangular2, exp_range, cyclical, 循环学习率, 三角循环, 周期性",
        symbols={"floor": 0.001, "peak": 0.1, "up": 10, "down": 15},
        last="2 * (up + down)",
        for_ever=True,
        members=(
            Member(
                "torch.CyclicLR",
                {"base_lr": "floor", "max_lr": "peak", "step_size_up": "up", "step_size_down": "down"},
                "Momentum, cycled by default, runs the other way.",
            ),
            Member(
                "paddle.CyclicLR",
                {
                    "base_learning_rate": "floor",
                    "max_learning_rate": "peak",
                    "step_size_up": "up",
                    "step_size_down": "down",
                },
                "No momentum.",
            ),
        ),
        also=(
            Member(
                "deepspeed.OneCycle",
                {
                    "cycle_min_lr": "floor",
                    "cycle_max_lr": "peak",
                    "cycle_first_step_size": "up",
                    "cycle_second_step_size": "down",
                },
                "One cycle only.",
                last="up + down",
            ),
        ),
    ),
    Family(
        "Warmup, then level",
        "A straight line upwards, then level.",
        "warm-up, linear warmup, ramp, constant with warmup, 预热, 线性预热, 热身",
        symbols={"start": 0.002, "peak": 0.1, "warmup": 8},
        last="3 * warmup",
        for_ever=True,
        members=(
            Member(
                "optax.warmup_constant_schedule",
                {"init_value": "start", "peak_value": "peak", "warmup_steps": "warmup"},
            ),
            Member(
                "optax.linear_schedule",
                {"init_value": "start", "end_value": "peak", "transition_steps": "warmup"},
                "Goes down as well as up; can begin later.",
            ),
            Member(
                "torch.LinearLR",
                {"start_factor": "start / peak", "total_iters": "warmup"},
                "Goes down as well as up; the start is a share, above 0, by default a third.",
            ),
            Member(
                "paddle.LinearLR",
                {"learning_rate": "peak", "total_steps": "warmup", "start_factor": "start / peak"},
                "Goes down as well as up; the start is a share, by default a third.",
            ),
            Member(
                "transformers.get_constant_schedule_with_warmup",
                {"num_warmup_steps": "warmup"},
                "Starts at 0.",
                given={"start": 0},
            ),
            Member(
                "pytorch_transformers.WarmupConstantSchedule",
                {"warmup_steps": "warmup"},
                "Starts at 0.",
                given={"start": 0},
            ),
            Member(
                "deepspeed.WarmupLR",
                {
                    "warmup_min_lr": "start",
                    "warmup_max_lr": "peak",
                    "warmup_num_steps": "warmup",
                    "warmup_type": "'linear'",
                },
                f"By default the line is a logarithm. {_LATE}",
                shift=1,
            ),
        ),
        also=(
            Member(
                "paddle.LinearWarmup",
                {"learning_rate": "peak", "warmup_steps": "warmup", "start_lr": "start", "end_lr": "peak"},
                "Can go on with another schedule.",
            ),
            Member(
                "warmup_scheduler.GradualWarmupScheduler",
                {"multiplier": 1, "total_epoch": "warmup"},
                "With multiplier 1 it starts at 0, else at the base LR. Can go on with another schedule.",
                given={"start": 0},
            ),
        ),
    ),
    Family(
        "Linear warmup, linear decay",
        "A straight line upwards, then one downwards to 0.",
        "slanted triangular, bert, triangle, 线性预热衰减, 先升后降",
        symbols={"peak": 0.1, "warmup": 8, "T": 40},
        last="warmup + T",
        members=(
            Member("transformers.get_linear_schedule_with_warmup", _WARM_COSINE, "The horizon includes the warmup."),
            Member(
                "pytorch_transformers.WarmupLinearSchedule",
                {"warmup_steps": "warmup", "t_total": "warmup + T"},
                "The horizon includes the warmup.",
            ),
            Member(
                "deepspeed.WarmupDecayLR",
                {
                    "total_num_steps": "warmup + T",
                    "warmup_max_lr": "peak",
                    "warmup_num_steps": "warmup",
                    "warmup_type": "'linear'",
                },
                f"By default the rise is a logarithm, and it falls to warmup_min_lr. {_LATE}",
                shift=1,
            ),
        ),
        also=(
            Member(
                "transformers.get_polynomial_decay_schedule_with_warmup",
                {**_WARM_COSINE, "lr_end": 0},
                "By default it ends at 1e-7.",
            ),
            Member(
                "optax.join_schedules",
                {
                    "schedules": [
                        {
                            "kind": "optax.linear_schedule",
                            "init_value": 0,
                            "end_value": "peak",
                            "transition_steps": "warmup",
                        },
                        {
                            "kind": "optax.linear_schedule",
                            "init_value": "peak",
                            "end_value": 0,
                            "transition_steps": "T",
                        },
                    ],
                    "boundaries": ["warmup"],
                },
            ),
        ),
    ),
    Family(
        "Inverse square root",
        "Rises in a straight line, then falls as 1 / sqrt(t), for ever.",
        "noam, transformer, attention is all you need, rsqrt, 平方根倒数, 逆平方根",
        symbols={"peak": 0.1, "warmup": 8, "T": 80},
        for_ever=True,
        members=(
            Member(
                "transformers.get_inverse_sqrt_schedule",
                {"num_warmup_steps": "warmup"},
                "A timescale other than the warmup shifts the fall.",
            ),
            Member(
                "paddle.NoamDecay",
                {"d_model": 1, "warmup_steps": "warmup", "learning_rate": "peak * sqrt(warmup)"},
                "The peak is learning_rate / sqrt(d_model * warmup_steps).",
            ),
        ),
    ),
    Family(
        "Warmup, stable, decay",
        "Rises, stays level for most of the run, and falls at its end.",
        "wsd, trapezoidal, cooldown, minicpm, 稳定衰减, 梯形",
        symbols={"peak": 0.1, "floor": 0.001, "warmup": 8, "stable": 40, "decay": 12},
        last="warmup + stable + decay",
        members=(
            Member(
                "transformers.get_wsd_schedule",
                {
                    "num_warmup_steps": "warmup",
                    "num_stable_steps": "stable",
                    "num_decay_steps": "decay",
                    "min_lr_ratio": "floor / peak",
                    "decay_type": "'linear'",
                },
                "By default the decay is half a cosine; the warmup starts at the floor.",
            ),
            Member(
                "timm.WSDLRScheduler",
                {
                    "t_initial": "stable + decay",
                    "decay_t": "decay",
                    "lr_min": "floor",
                    "warmup_t": "warmup",
                    "warmup_lr_init": "floor",
                    "decay_fn": "'linear'",
                },
                "t_initial excludes the warmup, which has a start of its own; by default the decay is 1 - sqrt.",
            ),
        ),
    ),
    Family(
        "Plateau",
        "Level, and lowered whenever a metric stops getting better.",
        "reduce on plateau, adaptive, metric, validation loss, 自适应, 平台, 指标驱动, 按验证指标衰减",
        symbols={"peak": 0.1, "factor": 0.2, "patience": 3},
        last="30",
        metrics=_FLAT,
        for_ever=True,
        members=(
            Member(
                "torch.ReduceLROnPlateau",
                {"factor": "factor", "patience": "patience"},
                "Reduces at bad value number patience + 1.",
            ),
            Member(
                "transformers.get_reduce_on_plateau_schedule",
                {"factor": "factor", "patience": "patience"},
                "It is torch's.",
            ),
            Member(
                "paddle.ReduceOnPlateau",
                {"learning_rate": "peak", "factor": "factor", "patience": "patience"},
                "During the cooldown it does not look at the metric at all.",
            ),
            Member(
                "timm.PlateauLRScheduler",
                {"decay_rate": "factor", "patience_t": "patience", "mode": "'min'"},
                "The default mode is max.",
            ),
            Member(
                "keras.ReduceLROnPlateau",
                {"factor": "factor", "patience": "patience + 1"},
                "Reduces at bad value number patience: one earlier than torch for the same number. min_delta is an amount, not a share.",
            ),
            Member(
                "optax.contrib.reduce_on_plateau",
                {"factor": "factor", "patience": "patience + 1"},
                "Reduces at bad value number patience: one earlier than torch for the same number.",
            ),
            Member("transformers.get_greedy_schedule", None, "Raises the rate as well, after good values."),
        ),
    ),
    Family(
        "A function of your own",
        "Whatever a function of the tick says.",
        "lambda, custom, user function, 自定义函数",
        symbols={"peak": 0.1, "T": 40},
        for_ever=True,
        members=(
            Member(
                "torch.LambdaLR",
                {"lr_lambda": "'lambda epoch: 1 / (1 + 0.1 * epoch)'"},
                "The function gives a factor of the base LR.",
            ),
            Member(
                "paddle.LambdaDecay",
                {"learning_rate": "peak", "lr_lambda": "'lambda epoch: 1 / (1 + 0.1 * epoch)'"},
                "The function gives a factor of learning_rate.",
            ),
            Member(
                "keras.LearningRateScheduler",
                None,
                "The function gives the rate itself: the base LR times what it is elsewhere.",
            ),
        ),
    ),
    Family(
        "A product of factors",
        "Multiplied at every tick by what a function says, so that the factors accumulate.",
        "multiplicative, cumulative, 乘法衰减, 累乘",
        symbols={"peak": 0.1, "T": 40},
        for_ever=True,
        members=(
            Member(
                "torch.MultiplicativeLR",
                {"lr_lambda": "'lambda epoch: 1 - 0.001 * epoch'"},
                "The factor of tick 0 is not used.",
            ),
            Member(
                "paddle.MultiplicativeDecay",
                {"learning_rate": "peak", "lr_lambda": "'lambda epoch: 1 - 0.001 * epoch'"},
                "The factor of tick 0 is not used.",
            ),
        ),
    ),
    Family(
        "Made of other schedules",
        "One schedule after another, or several multiplied.",
        "sequence, chain, join, compose, combine, warmup wrapper, 组合, 串联, 预热",
        symbols={"start": 0.002, "peak": 0.1, "floor": 0.001, "warmup": 8, "T": 40},
        last="warmup + T",
        members=(
            Member(
                "optax.join_schedules",
                {
                    "schedules": [
                        {
                            "kind": "optax.linear_schedule",
                            "init_value": "start",
                            "end_value": "peak",
                            "transition_steps": "warmup",
                        },
                        {
                            "kind": "optax.cosine_decay_schedule",
                            "init_value": "peak",
                            "decay_steps": "T",
                            "alpha": "floor / peak",
                        },
                    ],
                    "boundaries": ["warmup"],
                },
                "Each part counts from its own boundary.",
            ),
            Member(
                "torch.SequentialLR",
                {
                    "schedulers": [
                        {"kind": "torch.LinearLR", "start_factor": "start / peak", "total_iters": "warmup"},
                        {"kind": "torch.CosineAnnealingLR", "T_max": "T", "eta_min": "floor"},
                    ],
                    "milestones": ["warmup"],
                },
                "Each part counts from its own milestone and starts at the base LR.",
            ),
            Member(
                "paddle.LinearWarmup",
                {
                    "learning_rate": {
                        "kind": "paddle.CosineAnnealingDecay",
                        "learning_rate": "peak",
                        "T_max": "T",
                        "eta_min": "floor",
                    },
                    "warmup_steps": "warmup",
                    "start_lr": "start",
                    "end_lr": "peak",
                },
                "The inner schedule counts from the end of the warmup; an end_lr other than its first rate gives a jump.",
            ),
            Member(
                "warmup_scheduler.GradualWarmupScheduler",
                {
                    "multiplier": 1,
                    "total_epoch": "warmup",
                    "after_scheduler": {"kind": "torch.CosineAnnealingLR", "T_max": "T", "eta_min": "floor"},
                },
                "The inner schedule begins one tick late: equal from there on, one tick later.",
                given={"start": 0},
                first="warmup + 1",
                shift=1,
            ),
            Member("torch.ChainedScheduler", None, "All parts at once: their factors are multiplied."),
        ),
    ),
    Family(
        "Range test",
        "A straight line or a staircase upwards, to see where training breaks.",
        "lr finder, lr range test, 学习率范围测试, 学习率查找",
        members=(Member("deepspeed.LRRangeTest", None, "It never ends by itself."),),
    ),
    Family(
        "Tanh",
        "An S from the peak to a floor.",
        "hyperbolic tangent, sigmoid, s-curve, 双曲正切",
        members=(
            Member("timm.TanhLRScheduler", None, "Begins a little below the peak and ends a little above the floor."),
        ),
    ),
    Family(
        "Through given points",
        "Lines or cosines from one given point to the next.",
        "interpolate, piecewise linear, 分段插值, 分段线性",
        members=(
            Member("optax.piecewise_interpolate_schedule", None, "Each point is the one before times its factor."),
        ),
    ),
)
"""Every family; each kind is at home in exactly one."""
