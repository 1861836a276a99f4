"""Terms of programming in Chinese, and in Latin words within a Chinese text."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from prompt_policy.conditions.tasks.signals.programming import LANGUAGE
from prompt_policy.conditions.tasks.signals.signal import Signal, chinese_phrases, latin_phrases

_PRODUCT: Final = (
    "(?:代码|程序(?!员)|函数|脚本|算法|查询|接口|爬虫|正则|存储过程|单元测试|装饰器|小游戏|网页|网站|插件|组件|单例|批处理|命令|宏|"
    "语句|类(?![型似别])|方法|缓存|服务器)"
)
_IMPLEMENTED: Final = "(?:代码|程序|函数|脚本|算法|接口|爬虫|缓存|服务器|组件|单例|排序|栈|队列|堆|树|链表|功能|效果)"
_IDEA: Final = (
    "(?:列表|字典|数组|字符串|元组|整数|浮点|线程|进程|接口|抽象类|栈|队列|指针|引用|链表|哈希表|对象|类|函数)"
)

PROGRAMMING_ZH: Final[tuple[Signal, ...]] = (
    chinese_phrases(
        "programming term in Chinese",
        r"""代码 编程 数组 链表 二叉树 递归 指针 调试 数据库 正则 爬虫 前端 后端 线程 高并发
        并发(?![表现展生症出送布明]) 装饰器 闭包 回调 异步 面向对象 快速排序 快排 冒泡 堆排序 归并排序 插入排序
        选择排序 二分查找 动态规划 最短路径 时间复杂度 单元测试 重构 命令行 字符串 哈希 多态 浮点数 单例 批处理 协程
        存储过程 反向代理 时间戳 分布式 数据源 父组件 子组件 懒加载 设计模式 中间件 队列 for\s?循环 while\s?循环 迭代器
        泛型 枚举 序列化 虚拟环境 微服务 垃圾回收 依赖注入 拦截器 静态方法 抽象类""",
        code=4,
    ),
    chinese_phrases(
        "loose programming term in Chinese",
        "小程序 程序(?![员框]) 脚本 算法 接口 服务器 容器 网站 网页 开发 函数 插件 安卓",
        code=2,
    ),
    chinese_phrases(
        "programming vocabulary in Chinese",
        """函数 程序(?!员) 算法 循环 变量 异常 接口 查询 排序 继承 字典 列表 组件 网页 服务器 日志 终端 参数 端口
        部署 安装 对象 内存 提交 冲突 遍历 返回 工作表 批量 进程 配置 缓存 索引 字段 实现 输出 输入 内置 运行 去重 解析
        文件 链接 附件 重复 脚本 小程序 容器 图片 页面 按钮 自动 统计 元素 判断 框架 客户端 插件 注释 软件包 命令 删除
        读取 替换 加载 优化 点击 合并 事务 获取 调用 传参 渲染 绑定 监听 请求 登录 版本""",
        code=1,
        max_count=3,
    ),
    replace(
        latin_phrases(
            "Latin word in Chinese",
            """bat; list; string; int; array; json; bug; div; key; token; null; class; while; map; dict; tuple; api;
        url;
        cookie; session; debug; excel; csv; vector; struct; enum; interface; type; node; shell; nan; hash; sheet;
        server; http; commit; merge; import; return; main; linux; java; python; rust; socket; web; ui; base64; get;
        post; tcp; udp; activity; unity; go""",
            code=2.5,
        ),
        view="words_in_chinese",
    ),
    chinese_phrases(
        "in a language in Chinese",
        " ".join(
            rf"{verb}\s?{LANGUAGE}(?:\Z|[^a-z\d\s=+^点是表代]|\s(?:\Z|[^=+^点是表代]))"
            for verb in ("用", "在", "的", "把", "成", "和", "给", "写个", "写")
        ),
        code=3.5,
    ),
    chinese_phrases(
        "language of what in Chinese",
        rf"\b{LANGUAGE}\s?(?:里|中|怎么|如何|实现|写|语言|代码|程序|脚本|版|报|的)",
        code=3.5,
    ),
    chinese_phrases(
        "pair of names in Chinese",
        r"[a-z]{2,15}\s?(?:和|与|跟|、|还是)\s?[a-z]{2,15}\s?[^。\d\s]{0,4}(?:区别|不同|差别|哪个|对比)",
        code=2,
    ),
    chinese_phrases(
        "pair of ideas in Chinese",
        rf"{_IDEA}[^，。！？\n]{{0,5}}(?:和|与|转|成|跟|、)[^，。！？\n]{{0,2}}{_IDEA}",
        code=3,
    ),
    chinese_phrases(
        "asks for a program in Chinese",
        rf"""写[^。！？\n]{{0,14}}?{_PRODUCT} 优化[^。！？\n]{{0,10}}?{_PRODUCT} 实现[^。！？\n]{{0,14}}?{_IMPLEMENTED}
        给[^。！？\n]{{0,10}}?(?:代码|程序|脚本|单元测试)""",
        math=-3,
        code=3,
    ),
    chinese_phrases(
        "code at hand in Chinese",
        r"这[个段条行些]\s?(?:代码|程序|函数|脚本|算法|接口|查询|循环|sql|方法|类|命令|语句|组件)",
        code=1.5,
    ),
)
