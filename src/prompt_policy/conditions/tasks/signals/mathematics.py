"""Terms of mathematics, in English and Chinese."""

from __future__ import annotations

from typing import Final

from prompt_policy.conditions.tasks.signals.signal import Signal, chinese_phrases, latin_phrases

_FIGURE: Final = (
    "(?:circle|triangle|rectangle|square|trapezoid|sphere|cone|cylinder|cube|hexagon|polygon|decagon|prism|box)"
)
_MEASURE: Final = "(?:area|volume|radius|diameter|surface area)"
_EVENT: Final = "(?:rolling|drawing|drawn|flipping|picking|heads?|tails?|six(?:es)?|aces?|red|blue|defective|dice)"

MATHEMATICS: Final[tuple[Signal, ...]] = (
    latin_phrases(
        "math term",
        rf"""antiderivative; derivatives? of(?: the| an?)?(?: function)? (?:[a-z]|[0-9][a-z0-9]{
            0, 5
        }|sin|cos|ln|log|sqrt|e|polynomial);
        (?:first|second|partial|third) derivative; integral of; (?:in)?definite integral; integrate [0-9xe];
        quadratic; polynomial;
        logarithm; log base; trigonometr[a-z]{{1,3}}; hypotenuse; eigen(?:value|vector); determinant of;
        factorial; prime (?:number|factor|factori[sz]ation); primes; infinitely many;
        (?:[0-9]|one|two|three|four|five) significant figure;
        add up to [0-9]{{1,9}}; (?:square|cube) root; sqrt; permutation; divisible; lcm; gcd; hcf; gcf;
        is [0-9]{{1,12}}(?: an?)?(?: [a-z]{{1,10}})? (?:prime|divisible|perfect|even|odd|rational);
        (?:common|lowest|least|greatest)(?: common)? (?:multiple|divisor|factor|denominator);
        perimeter (?:is|in|[0-9]); perimeter of(?: an?| the| this| each)?(?: [a-z]{{1,12}})? {_FIGURE}; circumference;
        isosceles; equilateral; asymptote; standard deviation; solve for [a-z]; irrational number;
        (?:is|are|of [0-9]|pi) irrational;
        (?:arithmetic|geometric) (?:sequence|progression|serie|mean); interior angle; diagonals;
        {_MEASURE}s? (?:of|does|are in|is in) (?:an?|the|this|each)(?: [a-z]{{1,12}})? {_FIGURE};
        consecutive(?: [a-z]{{1,5}})? (?:integer|number); (?:odd|even|natural|whole|rational|real|complex) number;
        prove that; by induction; pythagorean theorem; pythagora; cosine; inverse of a (?:matrix|function);
        remainder (?:when|if|is|of [0-9]|after|on); [xy] (?:axis|intercept);
        (?:sin|cos|tan|ln|log)(?: (?:[0-9]{{1,5}}|[xyz])); slope of; average of [0-9]{{1,9}}; binomial;
        (?:mean|median|mode|variance) (?:of|for) (?:[0-9]|these|this|the
        (?:data|set|list|number|score|follow)[a-z]{{0,4}});
        differential equation; (?:taylor|fourier) serie; chain rule;
        (?:fourier|laplace) transform; expected value; normal distribution; confidence interval; simple interest;
        compound(?:ed)? (?:interest|annually|monthly|quarterly); linear algebra; (?:next|missing) (?:number|term);
        sequence [0-9]{{1,9}} [0-9]{{1,9}}; parabola; hyperbola; ellipse; least squares;
        roots of (?:[0-9a-z]|(?:the|this|an?) (?:equation|polynomial|quadratic|function));
        numbers? (?:from|between) [0-9]{{1,9}}; (?:factor|multiple)s? of [0-9]{{1,9}}; (?:digits|value) of pi;
        complet(?:e|ing) the square; percentage (?:increase|decrease|change|point); equals?(?: to)? [0-9]{{1,9}};
        (?:chance|odd|probabilitie|probability)s? (?:of|that)(?: [a-z0-9]{{1,12}}){{0,3}} {_EVENT};
        percent(?:age)? of [0-9]{{1,9}}; (?:square|cube) of [0-9]{{1,9}}; (?:units|last|ones|tens) digit;
        [0-9]{{1,9}} in (?:base|binary|hex|octal); times itself; expected number of; three quarter of;
        (?:twice|double|half|third|triple) (?:as long as the other|of three quarter)""",
        math=4,
    ),
    latin_phrases(
        "math topic",
        """equation; probabilit(?:y|ie); integer; calculus; algebra[a-z]{0,3}; geometry; matri(?:x|ce); fraction;
        decimal; (?:sum|product|difference) of; triangle; rectangle; theorem; dice; coin; derivative; remainder;
        perimeter;
        roots? of; (?:two|three) number;
        [0-9]{1,6} by [0-9]{1,6}; cube; sphere; cylinder; hexagon; octagon; pentagon; polygon; quotient; vertex;
        calculate; mortgage; loan; invest; interest""",
        math=2,
        max_count=2,
    ),
    latin_phrases(
        "loose math topic",
        """expand; factor(?:i[sz]e)?; simplify; evaluate; differentiate; integrate; solve;
        prove(?: that|there|the)?; show that; divided?; intersect; angle; degree; ratio; slope; limit; inequality;
        vector; graph; odds?; chance; percent(?:age)?; average; median; equal(?:s|ly)?; compute; how many ways""",
        math=1,
        max_count=3,
    ),
    chinese_phrases(
        "math term in Chinese",
        """方程 不等式 导数 求导 定积分 求积分 求极限 微积分 偏导 泰勒 傅里叶 贝叶斯 数列 等差 等比 通项 行列式
        特征值 特征向量 线性代数 质数 素数 因数 倍数 整除 余数 偶数 奇数 公约数 公倍数 公因数 最小公 最大公 平方根
        立方根 根号 平方和 立方和 完全平方 配方法 求和公式 的平方根 的立方根 阶乘 对数 复数 共轭 无理数
        有理数 因式分解 通分 约分 分之几 下一个数 两位数 三位数 四位数 五位数 概率 平均数 中位数 方差 标准差 正态分布
        置信区间 数学期望 抽样 排列组合 排成一 安排方式 安排方案 选法 种排法 种走法 种取法 种放法 种坐法 种分法 勾股
        定理 归纳法 反证法 充要条件 充分条件 抛物线 椭圆 双曲线 离心率 渐近线 象限 对称轴 周长 半径 直角边 斜边 圆心
        圆周率 扇形 对角线 内角和 三角形 四边形 棱柱 棱锥 正方体 几何体 立体几何 三角函数 正弦 余弦 正切 二次函数
        一次函数 指数函数 幂函数 奇函数 偶函数 反比例 正比例 单调递 取值范围 展开式 程序框图 鸡兔 鸡和兔""",
        math=4,
    ),
    chinese_phrases(
        "math topic in Chinese",
        r"""函数 集合 向量 矩阵 极限 面积 体积 直径 长方形 正方形 长方体 梯形 圆锥 圆柱 圆形 最大值 最小值 之和 之积
        之差 之比 总和 求和 化简 展开 证明 解方 直线 曲线 切线 坐标 平均分 本息 利息 利率 相距 相遇 追上 同时出发 分数
        小数 随机 样本 点数 骰子 硬币 抛 两两 命题 公式 一个数 这个数 数学 几何 代数 加上\s?\d 减去\s?\d 乘以\s?\d
        除以\s?\d 根[：:是为]""",
        math=1.5,
        max_count=3,
    ),
    chinese_phrases(
        "asks to compute in Chinese",
        r"""计算\s?[:：] (?:计算|化简|求值|求解|解方程|口算|笔算|速算|帮我算|算一下|算算|算下)[^。！？\n]{0,12}[\da-z]
        (?:算出|求出|证明)[^。！？\n]{0,12}[\da-z]
        (?:\A|[^预打结决核划清运合测估验总])算[：:\s]?[\d(（]
        (?:\A|[^要需追请寻征供渴恳谋诉务力苛欲])求(?:[^。！？\n职助婚购救推学医知大指教问][^。！？\n]{0,11})?[\da-z]
        (?:\A|[^理了讲缓见误和分溶调破化谅详图注])解(?:[^。！？\n释约决除压读封锁说散放雇剖毒][^。！？\n]{0,8})?[\da-z]
        求[^。！？，\n]{1,24}(?:的值|之值|的和|的面积|的体积|的长|的周长|的解|的概率|取值|的度数|的距离|各是多少|多少)""",
        math=2,
    ),
)
